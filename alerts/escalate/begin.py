"""Walks begin, and begin anew."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import F

from alerts.models import Escalation
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow

OUTBOX = "alerts.escalations"
State, Progress = OutboxRow.State, Escalation.Progress


def start_escalations(
    wishes: Sequence[tuple[int, int, int | None]],
    *,
    worsened: Collection[int] = (),
    now: datetime,
) -> None:
    """Page teams: each wish is (alert id, team id, rule id).

    An alert has one walk for each team: a further wish changes nothing, unless the alert is among
    the `worsened`, whose walks begin anew. To be called once the alerts themselves are written,
    as everybody locks those first.
    """
    if worsened:
        restart_escalations(worsened, now=now)
    if not wishes:
        return
    Escalation.objects.bulk_create(
        [
            Escalation(
                alert_id=alert_id, team_id=team_id, rule_id=rule_id, created_at=now, due_at=now
            )
            for alert_id, team_id, rule_id in wishes
        ],
        ignore_conflicts=True,
    )
    nudge(OUTBOX)


def restart_escalations(alert_ids: Collection[int], *, now: datetime) -> int:
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
