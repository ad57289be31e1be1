"""Ask about the certificates that are due, and note what is said."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction

from certs.discover.storable import storable_text
from certs.judge.mark import mark_certificates
from certs.models import Certificate, Revocation
from certs.trust.answer import Answer, RevocationError
from certs.trust.loaded import Loaded, load
from certs.trust.ocsp import make_request, read_answer
from certs.validate.revocation.issuers import load_issuers
from certs.validate.revocation.lists import DAY, Lists, back_off
from certs.validate.revocation.plan import list_urls, responder_urls
from opsportal.lib.errors import DeliveryError
from opsportal.lib.http import send_request
from opsportal.lib.ids import IdIn

log = logging.getLogger(__name__)
Status = Revocation.Status
# Certificates of one sweep, the lists it fetches at most, and the questions it asks.
_BATCH = 100
_FETCHES = 20
_QUESTIONS = 40
_TIMEOUT = 10.0
# Whoever took them and died is followed by the next.
_LEASE = timedelta(minutes=15)
_STORED = (
    "status", "via", "url", "revoked_at", "reason", "message", "next_update", "failures",
    "checked_at", "check_at",
)  # fmt: skip


class _BusyError(RevocationError):
    """Enough was asked in this sweep."""


def check_revocations(*, now: datetime) -> int:
    """Ask the issuers of a batch of due certificates; how many were looked at."""
    rows = _claim(now)
    if not rows:
        return 0
    wanted = [row for row in rows if _in_use(row.certificate, now)]
    certificates = [row.certificate for row in wanted]
    asking = _Asking(certificates, now)
    before = {row.pk: (row.status, _stale(row, now)) for row in rows}
    for row in rows:
        if row not in wanted:
            row.check_at = None
        else:
            _check_apart(row, asking, now)
    Revocation.objects.bulk_update(rows, _STORED, batch_size=_BATCH)
    changed = [
        row.certificate_id
        for row in rows
        if before[row.pk] != (row.status, _stale(row, now)) or _stale(row, now)
    ]
    mark_certificates(changed, now=now)
    return len(rows)


@transaction.atomic
def _claim(now: datetime) -> list[Revocation]:
    due = Revocation.objects.filter(check_at__lte=now).order_by("check_at", "pk")
    ids = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:_BATCH])
    Revocation.objects.filter(IdIn(ids)).update(check_at=now + _LEASE)
    return list(Revocation.objects.filter(IdIn(ids)).select_related("certificate").order_by("pk"))


def _in_use(row: Certificate, now: datetime) -> bool:
    return row.use != Certificate.Use.KNOWN and row.not_after > now


def _stale(row: Revocation, now: datetime) -> bool:
    return row.next_update is not None and row.next_update < now


class _Asking:
    """What a sweep knows and may still ask."""

    def __init__(self, certificates: Sequence[Certificate], now: datetime) -> None:
        self.issuers = load_issuers(certificates)
        urls = [url for row in certificates for url in list_urls(row)]
        self.lists = Lists(urls, left=_FETCHES, now=now)
        self._now = now
        self._questions = _QUESTIONS
        # Responders that did not answer: nobody waits for them twice.
        self._silent: dict[str, str] = {}

    def ask(self, url: str, certificate: Loaded, issuer: Loaded) -> Answer:
        """A responder's answer. Raises RevocationError."""
        if url in self._silent:
            raise RevocationError(self._silent[url])
        if self._questions <= 0:
            raise _BusyError("not asked yet")
        self._questions -= 1
        try:
            answer = send_request(
                "POST", url, body=make_request(certificate, issuer), timeout=_TIMEOUT,
                headers={
                    "Content-Type": "application/ocsp-request",
                    "Accept": "application/ocsp-response",
                },
            )  # fmt: skip
        except DeliveryError as error:
            self._silent[url] = str(error)
            raise RevocationError(str(error)) from error
        if answer.status != 200:
            raise RevocationError(f"{answer.status} instead of an answer")
        return read_answer(answer.body, certificate, issuer, at=self._now)


def _check_apart(row: Revocation, asking: _Asking, now: datetime) -> None:
    """One that cannot be asked about keeps no other from it."""
    try:
        _check(row, asking, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("revocation not asked about", extra={"certificate": row.certificate_id})
        _fail(row, [f"{type(error).__name__}: {error}"], now)


def _check(row: Revocation, asking: _Asking, now: datetime) -> None:
    """By the issuer's list, else by its responder; what neither says leaves what was known."""
    certificate = load(bytes(row.certificate.der))
    issuer = asking.issuers.get(row.certificate_id)
    if certificate is None or issuer is None:
        _fail(row, ["its issuer's certificate is not known"], now)
        return
    said: list[str] = []
    listed = list_urls(row.certificate)
    for url in listed:
        try:
            found, again = asking.lists.open(url, issuer)
            _note(row, found.ask(certificate, listed), "crl", url, now)
        except RevocationError as error:
            said.append(f"{url}: {error}")
        else:
            row.check_at = again
            if row.status != Status.UNKNOWN:
                return
            said.append(f"{url}: {row.message}")
    for url in responder_urls(row.certificate):
        try:
            _note(row, asking.ask(url, certificate, issuer), "ocsp", url, now)
        except _BusyError:
            row.check_at = now
            return
        except RevocationError as error:
            said.append(f"{url}: {error}")
        else:
            return
    _fail(row, said, now)


def _note(row: Revocation, answer: Answer, via: str, url: str, now: datetime) -> None:
    """What was said. That it is not revoked is not believed of a list that has ended."""
    ended = answer.next_update is not None and answer.next_update < now
    row.status = Status(answer.status)
    if ended and row.status == Status.GOOD:
        row.status = Status.UNKNOWN
    row.via, row.url, row.checked_at = via, url[:2000], now
    row.revoked_at, row.reason = answer.revoked_at, answer.reason
    row.next_update, row.failures = answer.next_update, 0
    row.message = ""
    if ended:
        row.message = f"past its next update of {answer.next_update:%Y-%m-%d %H:%M} UTC"
    elif row.status == Status.UNKNOWN:
        row.message = "The issuer does not know it."
    due = now + DAY
    if answer.next_update is not None and not ended:
        due = min(due, answer.next_update - (answer.next_update - answer.this_update) / 10)
    row.check_at = max(due, now + timedelta(minutes=5))


def _fail(row: Revocation, said: Sequence[str], now: datetime) -> None:
    """Nobody could say. What was revoked stays so; what was good is so until its end."""
    if row.status == Status.GOOD and _stale(row, now):
        row.status = Status.UNKNOWN
    row.message = storable_text("; ".join(said))[:1000]
    row.check_at = now + back_off(row.failures)
    row.failures += 1
