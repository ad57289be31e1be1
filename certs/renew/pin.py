"""A person says what replaces a certificate, or that nothing does."""

from datetime import datetime

from django.db import transaction

from certs.judge.mark import mark_certificates
from certs.models import Certificate
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.errors import FieldError, PayloadError


@transaction.atomic
def pin_replacement(
    certificate_id: int, by_id: int | None, *, actor: Actor, now: datetime
) -> Certificate:
    """That one replaces it; None: nothing does, whatever its names. Raises PayloadError."""
    row = _locked(certificate_id)
    by = None if by_id is None else Certificate.objects.filter(pk=by_id).defer("der").first()
    if by_id is not None and by is None:
        raise _wrong("there is no such certificate")
    if by is not None and row.pk in (by.pk, by.replaced_by_id):
        raise _wrong("a certificate does not replace itself")
    if by is not None and by.not_after <= row.not_after:
        raise _wrong("it does not last longer than the one it is to replace")
    _store(row, by, True, "pin_replacement" if by else "break_replacement", actor, now)
    return row


@transaction.atomic
def free_replacement(certificate_id: int, *, actor: Actor, now: datetime) -> Certificate:
    """What replaces it follows from its names again."""
    row = _locked(certificate_id)
    if row.replacement_pinned:
        _store(row, row.replaced_by, False, "free_replacement", actor, now)
    return row


def _locked(pk: int) -> Certificate:
    rows = Certificate.objects.select_for_update(of=("self",)).select_related("replaced_by")
    return rows.defer("der", "replaced_by__der").get(pk=pk)


def _store(
    row: Certificate, by: Certificate | None, pinned: bool, action: str, actor: Actor, now: datetime
) -> None:
    before = _state(row)
    row.replaced_by, row.replacement_pinned = by, pinned
    row.save(update_fields=["replaced_by", "replacement_pinned"])
    record_audit(actor, action, row, before=before, after=_state(row), now=now)
    mark_certificates([row.pk], now=now)


def _state(row: Certificate) -> dict[str, object]:
    by = row.replaced_by
    return {
        "certificate": row.title, "replaced_by": by.pk if by else None,
        "replaced_by_sha256": by.sha256 if by else "", "pinned": row.replacement_pinned,
    }  # fmt: skip


def _wrong(message: str) -> PayloadError:
    return PayloadError(f"by: {message}", [FieldError("by", message)])
