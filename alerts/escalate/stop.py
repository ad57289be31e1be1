"""What people do with an alert stops its walks or begins them anew, in the same transaction.

The caller has locked the episode, as a walker does before it looks at anything.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from alerts.models import Escalation
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow

OUTBOX = "alerts.escalations"
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


def restart_escalations(alert_ids: Sequence[int], *, now: datetime) -> int:
    """Nobody has the alerts any more, or they are worse: each walk begins anew; how many."""
    walks = Escalation.objects.filter(alert_id__in=alert_ids).exclude(progress=Progress.RESOLVED)
    count = walks.update(
        state=State.DUE,
        due_at=now,
        attempts=0,
        last_error="",
        finished_at=None,
        progress=Progress.WALKING,
        round=F("round") + 1,
        first_round=F("round") + 1,
        step=0,
        began_at=now,
        next_at=None,
        severity="",
        acknowledged_at=None,
    )
    if count:
        nudge(OUTBOX)
    return count


def look_again(alert_id: int, *, now: datetime) -> None:
    """What held the walks back has ended early."""
    waiting = Escalation.objects.filter(
        alert_id=alert_id, state=State.DUE, progress=Progress.WAITING
    )
    if waiting.update(due_at=now, next_at=now):
        nudge(OUTBOX)
