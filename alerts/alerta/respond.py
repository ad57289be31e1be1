"""Act: statuses and actions that operators ask for at Alerta's door."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from django.db import transaction

from alerts.alerta.follow import Row, previous_status
from alerts.alerta.hold import Operator, audit_document, hold_document, state_of, write_row
from alerts.alerta.settle import tell_asked
from alerts.formats.alerta.alarm import ACK, ACTIONS, OPEN, OVER, Standing, transition
from alerts.formats.alerta.body import DEFAULT_TIMEOUT
from alerts.models import Alert, AlertaAlert
from opsportal.accounts.actors import PORTAL
from opsportal.lib.errors import NotFoundError

DEFAULT_SHELVING = 7200  # seconds
_UNDOES = {"unack": "ack", "unshelve": "shelve"}


@transaction.atomic
def set_status(
    number: str, status: str, operator: Operator, *, text: str = "", timeout: int | None = None
) -> AlertaAlert:
    """Set it, whatever it was. Raises NotFoundError, ForbiddenError."""
    document = hold_document(number, operator)
    before = state_of(document)
    document.status = status
    # As Alerta does, even where none is given.
    document.timeout = DEFAULT_TIMEOUT if timeout is None else timeout
    write_row(document, "status", operator, text, timeout or DEFAULT_TIMEOUT)
    _tell(document, before, "status", operator, text)
    if document.status not in OVER:
        _last_until(document)
    document.save()
    return document


@transaction.atomic
def act_on_document(
    number: str, action: str, operator: Operator, *, text: str = "", timeout: int | None = None
) -> AlertaAlert:
    """Do it. Raises NotFoundError, ForbiddenError; ConflictError where it is so already."""
    document = hold_document(number, operator)
    before = state_of(document)
    standing = Standing(
        document.severity,
        document.status,
        document.previous_severity,
        _status_before(document, action),
    )
    severity, document.status = transition(standing, action=action)
    if severity != document.severity:
        document.previous_severity, document.severity = document.severity, severity
    kind = action if action in ACTIONS else "action"
    write_row(document, kind, operator, text, _timeout_of(document, action, timeout))
    _tell(document, before, action[:50], operator, text)
    document.save()
    return document


@transaction.atomic
def end_acknowledgement(number: str, *, now: datetime) -> bool:
    """Its time is over; False where it had ended otherwise, or is gone."""
    operator = Operator(PORTAL, now)
    try:
        document = hold_document(number, operator)
    except NotFoundError:
        return False
    due = document.reverts_at is not None and document.reverts_at <= now
    if due and document.status == ACK:
        before = state_of(document)
        document.status = OPEN
        write_row(document, "timeout", operator, "", document.timeout)
        _tell(document, before, "timeout", operator, "")
    document.reverts_at = None if due else document.reverts_at
    document.save()
    return due


def _tell(
    document: AlertaAlert, before: Mapping[str, str], action: str, operator: Operator, text: str
) -> None:
    """The gateway; whose trail says it, or ours where there was nothing for it to do."""
    document.reverts_at = _reverts_at(document, operator.now)
    if not tell_asked(document, actor=operator.actor, note=text, now=operator.now):
        after = {**state_of(document), "text": text}
        audit_document(document, action, operator, before, after)


def _status_before(document: AlertaAlert, action: str) -> str:
    """The status to go back to."""
    if action in _UNDOES and len(document.history) > 1:
        row = _row_before(document, action)
        return str(row["status"]) if row else OPEN  # its row may have been pushed out
    return previous_status(document)


def _timeout_of(document: AlertaAlert, action: str, given: int | None) -> int:
    """What the row of history says of how long it lasts."""
    if action in _UNDOES:
        row = _row_before(document, action) or {}
        given = given or row.get("timeout")
    elif action == "timeout" and len(document.history) > 1:
        given = given or document.history[1]["timeout"]
    if action in ("ack", "unack"):
        return given or 0
    if action in ("shelve", "unshelve"):
        return given or DEFAULT_SHELVING
    return given or document.timeout or DEFAULT_TIMEOUT


def _row_before(document: AlertaAlert, action: str) -> Row | None:
    """The row before what is undone."""
    rows: list[Row] = document.history
    for row, before in pairwise(rows):
        if row["type"] == _UNDOES[action]:
            return before
    return None


def _reverts_at(document: AlertaAlert, now: datetime) -> datetime | None:
    """When its acknowledgement ends by itself: as long as the last one was to last."""
    if document.status != ACK:
        return None
    rows: list[Row] = document.history
    taken = (row for row in rows if row["type"] == "ack" and row["status"] == ACK)
    seconds = next(taken, {"timeout": 0})["timeout"]
    return now + timedelta(seconds=seconds) if seconds else None


def _last_until(document: AlertaAlert) -> None:
    """The episode expires when the document does."""
    lasts = timedelta(seconds=document.timeout)
    expires_at = document.last_received_at + lasts if document.timeout else None
    if document.episode_id is not None:
        rows = Alert.objects.filter(pk=document.episode_id, resolved_at=None)
        rows.update(expires_at=expires_at)
