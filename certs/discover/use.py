"""Whether certificates are served, stored, or only known of."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Case, Exists, OuterRef, Value, When

from certs.judge import mark_certificates
from certs.models import Certificate, Finding, Placement, ServedCertificate
from opsportal.lib.ids import IdIn

Use = Certificate.Use
# Kinds of sources that tell of certificates which nobody has to have: logs of what was issued.
HEARSAY = ("ct-log", "ct-push", "vault-pki")


def update_use(ids: Sequence[int], *, now: datetime) -> None:
    """Set `use` anew by what is known, and have these judged. In the caller's transaction."""
    if not ids:
        return
    # Where nobody looks any more, nobody would see that it was renewed.
    served = ServedCertificate.objects.filter(
        certificate=OuterRef("pk"), observation__serving=True, observation__endpoint__enabled=True
    )
    placed = Placement.objects.filter(certificate=OuterRef("pk"), gone_at=None).exclude(
        source__kind__in=HEARSAY
    )
    Certificate.objects.filter(IdIn(ids)).update(
        use=Case(
            When(Exists(served), then=Value(Use.SERVED)),
            When(Exists(placed), then=Value(Use.PLACED)),
            default=Value(Use.KNOWN),
        )
    )
    mark_certificates([*ids, *_heard_of(ids)], now=now)


def _heard_of(ids: Sequence[int]) -> list[int]:
    """Those that only a log knew, and that have the key of one of these."""
    keys = Certificate.objects.filter(IdIn(ids)).values("spki_sha256")
    unknown = Finding.objects.filter(
        kind="unknown_in_ct", closed_at=None, certificate__spki_sha256__in=keys
    )
    return list(unknown.order_by().values_list("certificate_id", flat=True))
