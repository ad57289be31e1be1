"""What people do with an alert stops its walks, or has them look again, in the same transaction.

The caller has locked the episode, as a walker does before it looks at anything.
"""

from datetime import datetime

from alerts.escalate.begin import OUTBOX
from alerts.models import Escalation
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow

State, Progress = OutboxRow.State, Escalation.Progress
_UNFINISHED = [State.DUE, State.CLAIMED, State.DEAD]


def hold_escalations(alert_id: int, *, now: datetime) -> None:
    """Somebody has the alert: nobody else is paged."""
    Escalation.objects.filter(alert_id=alert_id, state__in=_UNFINISHED).update(
        state=State.HELD, progress=Progress.ACKNOWLEDGED, acknowledged_at=now
    )


def end_escalations(alert_id: int, *, now: datetime) -> None:
    """The alert is over."""
    Escalation.objects.filter(alert_id=alert_id, state__in=[*_UNFINISHED, State.HELD]).update(
        state=State.DONE, progress=Progress.RESOLVED, finished_at=now
    )


def look_again(alert_id: int, *, now: datetime) -> None:
    """What held the walks back has ended early."""
    waiting = Escalation.objects.filter(
        alert_id=alert_id, state=State.DUE, progress=Progress.WAITING
    )
    if waiting.update(due_at=now, next_at=now):
        nudge(OUTBOX)
