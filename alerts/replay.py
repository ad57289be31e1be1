"""Act: try again what failed for good, on its way out or on its way in."""

from datetime import datetime

from django.db import transaction

from alerts.models import Notification, RawDelivery
from alerts.submit import Submission, store_submission
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.contracts import Format, Received, Reply
from opsportal.lib.errors import ConflictError, PayloadError
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow, replay
from opsportal.lib.registry import known_formats

State = OutboxRow.State


def replay_notification(notification: Notification, *, actor: Actor, now: datetime) -> None:
    """Try a dead notification again, with all that it spoke for.

    One that another spoke for goes with that one. Raises ConflictError when it is not dead.
    """
    with transaction.atomic():
        lead = notification.lead or notification
        if not replay(lead, now):
            raise ConflictError("This notification is not dead, so there is nothing to replay.")
        Notification.objects.filter(lead=lead, state=State.DEAD).update(
            state=State.HELD, finished_at=None
        )
        record_audit(actor, "replay", lead, now=now)
        nudge("alerts.notifications")


def replay_delivery(delivery: RawDelivery, *, actor: Actor, now: datetime) -> RawDelivery:
    """Take in once more what could not be understood; what came of it is on the row.

    Raises ConflictError when there is nothing to replay, or when its key is no longer good, and
    PayloadError when it still cannot be understood.
    """
    with transaction.atomic():
        locked = RawDelivery.objects.select_for_update(of=("self",)).select_related("key")
        row = locked.get(pk=delivery.pk)
        if not row.replayable:
            why = "more came in than was kept" if row.truncated else f"its verdict is {row.verdict}"
            raise ConflictError(f"This delivery cannot be replayed: {why}.")
        stored = store_submission(_submission(row, now))
        if isinstance(stored, Reply) and stored.status >= 400:
            raise ConflictError(f"Its key {row.key} is no longer good; nothing was stored.")
        record_audit(actor, "replay", row, after={"verdict": row.verdict}, now=now)
    return row


def _submission(row: RawDelivery, now: datetime) -> Submission:
    try:
        found: Format = known_formats()[row.format]()
    except KeyError as unknown:
        raise ConflictError(f"There is no format {row.format!r} any more.") from unknown
    received = Received(
        row.body.encode(),
        now,
        team_id=row.key.team_id,
        key_id=row.key_id,
        path=row.path,
        query=row.query,
        content_type=row.content_type,
        headers=row.headers,
    )
    parsed = found.parse(received)
    if parsed.rejected and not parsed.size:
        raise PayloadError("None of it is usable.", parsed.rejected[0].errors)
    return Submission(found, received, parsed, row.key, replayed=row)
