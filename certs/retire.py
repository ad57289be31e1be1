"""A certificate is of no interest any more: nothing of it alerts."""

from datetime import datetime

from django.db import transaction

from certs.announce import announce_retired
from certs.judge.mark import mark_certificates
from certs.models import Certificate
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.errors import ConflictError, FieldError, PayloadError

_FIELDS = ["retired_at", "retired_by", "retired_reason"]


@transaction.atomic
def retire_certificate(
    certificate_id: int, reason: str, *, actor: Actor, now: datetime
) -> Certificate:
    """From the next sweep on nothing of it is found wrong. Raises PayloadError, ConflictError."""
    row = _locked(certificate_id)
    reason = reason.replace("\0", "").strip()
    if not reason or len(reason) > 1000:
        message = "say why, in up to 1000 characters"
        raise PayloadError(f"reason: {message}", [FieldError("reason", message)])
    if row.retired_at is not None:
        raise ConflictError(f"Certificate {row.pk} is retired already.")
    row.retired_at, row.retired_by, row.retired_reason = now, actor.name[:200], reason
    row.save(update_fields=_FIELDS)
    record_audit(actor, "retire", row, after={"reason": reason}, now=now)
    announce_retired(row, actor=actor, now=now)
    mark_certificates([row.pk], now=now)
    return row


@transaction.atomic
def unretire_certificate(certificate_id: int, *, actor: Actor, now: datetime) -> Certificate:
    """It is judged again. Raises ConflictError."""
    row = _locked(certificate_id)
    if row.retired_at is None:
        raise ConflictError(f"Certificate {row.pk} is not retired.")
    before = {"reason": row.retired_reason, "by": row.retired_by}
    row.retired_at, row.retired_by, row.retired_reason = None, "", ""
    row.save(update_fields=_FIELDS)
    record_audit(actor, "unretire", row, before=before, now=now)
    mark_certificates([row.pk], now=now)
    return row


def _locked(pk: int) -> Certificate:
    return Certificate.objects.select_for_update(of=("self",)).defer("der").get(pk=pk)
