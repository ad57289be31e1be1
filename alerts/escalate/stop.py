"""What people do with an alert stops its walks, or has them look again, in the same transaction.

The caller has locked the episode, as a walker does before it looks at anything. A walk that speaks
for others is left to its walker, at once: it sees to those.
"""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from alerts.escalate.share import OUTBOX, following
from alerts.models import Escalation
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow

State, Progress = OutboxRow.State, Escalation.Progress
_UNFINISHED = [State.DUE, State.CLAIMED, State.DEAD]
_FOLLOWING = [Progress.FOLLOWING, Progress.GROUP_TAKEN]


def hold_escalations(alert_id: int, *, now: datetime) -> None:
    """Somebody has the alert: nobody else is paged."""
    changes = {"progress": Progress.ACKNOWLEDGED, "acknowledged_at": now}
    walks = Escalation.objects.filter(alert_id=alert_id)
    _leave_to_walker(walks.filter(state__in=_UNFINISHED), changes, now)
    walks.filter(state__in=_UNFINISHED).exclude(_led()).update(state=State.HELD, **changes)
    walks.filter(state=State.HELD, progress__in=_FOLLOWING).update(**changes)


def end_escalations(alert_id: int, *, now: datetime) -> None:
    """The alert is over."""
    walks = Escalation.objects.filter(alert_id=alert_id, state__in=[*_UNFINISHED, State.HELD])
    _leave_to_walker(walks, {"progress": Progress.RESOLVED}, now)
    walks.exclude(_led()).update(state=State.DONE, progress=Progress.RESOLVED, finished_at=now)


def look_again(alert_id: int, *, now: datetime) -> None:
    """What held the walks back has ended early."""
    waiting = Escalation.objects.filter(
        alert_id=alert_id, state=State.DUE, progress=Progress.WAITING
    )
    if waiting.update(due_at=now, next_at=now):
        nudge(OUTBOX)


def _led() -> Exists:
    return Exists(following().filter(leader=OuterRef("pk")))


def _leave_to_walker(walks: QuerySet[Escalation], changes: dict[str, Any], now: datetime) -> None:
    if walks.filter(_led()).update(state=State.DUE, due_at=now, attempts=0, **changes):
        nudge(OUTBOX)
