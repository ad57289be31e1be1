"""Another score for a check, or none of it: checked, and on the timeline.

The next sweep has audited what it touches (`security/audit/basis.py`).
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from chronos.trail import check_columns, record_deleted, record_saved, save_row
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import MatcherError, parse_matchers
from security.auditors import auditors
from security.models import CheckOverride


def save_override(row: CheckOverride, *, actor: Actor, now: datetime) -> None:
    """Store a new or changed one. Raises PayloadError."""
    check_override(row)
    with transaction.atomic():
        known = CheckOverride.objects.select_related("account").filter(pk=row.pk).first()
        save_row(row)
        before = _state(known) if known else None
        record_saved(row, before, _state(row), actor=actor, now=now)


def check_override(row: CheckOverride) -> None:
    """What saving it would refuse. Raises PayloadError."""
    row.reason = row.reason.strip()
    if row.check_id not in auditors():
        raise _wrong("check_id", "there is no such check")
    if not row.reason:
        raise _wrong("reason", "say why")
    if "\0" in row.reason + row.match:
        raise _wrong("reason", "may not contain NUL")
    if row.enabled and row.score is None:
        raise _wrong("score", "say the score, or switch the check off")
    if row.match:
        try:
            parse_matchers(row.match)
        except MatcherError as error:
            raise _wrong("match", error.message) from error
    check_columns(row)


def delete_override(row: CheckOverride, *, actor: Actor, now: datetime) -> None:
    """The check scores as usual again."""
    with transaction.atomic():
        record_deleted(row, _state(row), actor=actor, now=now)
        row.delete()


def _wrong(field: str, message: str) -> PayloadError:
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])


def _state(row: CheckOverride) -> dict[str, Any]:
    return {
        "check": row.check_id,
        "account": row.account.name if row.account else "",
        "match": row.match,
        "score": row.score,
        "enabled": row.enabled,
        "reason": row.reason,
    }
