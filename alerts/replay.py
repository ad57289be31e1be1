"""Act: try again what failed for good."""

from datetime import datetime

from django.db import transaction

from alerts.models import Notification
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.errors import ConflictError
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow, replay

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
