"""Which certificates issuers are asked about: those in use."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db.models import Q

from certs.models import Certificate, Revocation, RevocationList

Use = Certificate.Use
# In one call; the rest the next time.
_MOST = 5000
# Places that one certificate may name.
_URLS = 3
# After it was last to be fetched.
_KEPT = timedelta(days=30)


def plan_revocations(*, now: datetime) -> int:
    """Certificates in use that nobody was asked about are asked about next; how many."""
    rows = Certificate.objects.filter(
        use__in=[Use.SERVED, Use.PLACED], revocation=None, self_signed=False,
        is_precertificate=False, not_after__gt=now,
    ).only("pk", "details")  # fmt: skip
    new = [_planned(row, now) for row in rows.order_by("pk")[:_MOST]]
    Revocation.objects.bulk_create(new, batch_size=500, ignore_conflicts=True)
    # Those that came back into use.
    again = Revocation.objects.filter(
        ~Q(url=""), check_at=None, certificate__use__in=[Use.SERVED, Use.PLACED],
        certificate__not_after__gt=now,
    )  # fmt: skip
    return len(new) + again.update(check_at=now)


def prune_lists(*, now: datetime) -> int:
    """Forget lists that no certificate in use has named for long; how many."""
    deleted, _ = RevocationList.objects.filter(fetch_at__lt=now - _KEPT).delete()
    return deleted


def _planned(row: Certificate, now: datetime) -> Revocation:
    urls = [*list_urls(row), *responder_urls(row)]
    if urls:
        return Revocation(certificate=row, url=urls[0], check_at=now)
    return Revocation(certificate=row, message="It names no list and no responder.")


def list_urls(row: Certificate) -> list[str]:
    """Where its issuer's list is."""
    return _urls(row, "crl_urls")


def responder_urls(row: Certificate) -> list[str]:
    """Where its issuer answers."""
    return _urls(row, "ocsp_urls")


def _urls(row: Certificate, name: str) -> list[str]:
    """Those that can be called: such lists also name LDAP."""
    found = [each for each in row.details.get(name) or () if isinstance(each, str)]
    return [each for each in dict.fromkeys(found) if _is_http(each)][:_URLS]


def _is_http(url: str) -> bool:
    try:
        return urlsplit(url).scheme in {"http", "https"} and len(url) <= 2000
    except ValueError:
        return False
