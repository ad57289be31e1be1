"""Followers: walks that another speaks for, and what becomes of them when that one ends.

Of the leader's own group: acknowledged with it, given up with it, and otherwise the first that
still fires goes on where it stood. Those that joined because the team was paged too often were
not what people were told of: the first of them begins a walk, and speaks for the others.

Rows of followers are changed by whoever has their leader, while their own alerts may be held by
others. So nobody waits for them here: what is busy is left, and mended by `watch_escalations`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, Value, When

from alerts.escalate.share import OUTBOX, awake, following
from alerts.models import Alert, Escalation, Transition
from opsportal.lib.ids import IdIn
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow

State, Progress = OutboxRow.State, Escalation.Progress


def settle_followers(leader: Escalation, *, now: datetime) -> None:
    """The leader walks no further (or waits): see to those it speaks for. Its alert is locked."""
    waiting = following().filter(leader=leader)
    if not waiting.exists():
        return
    if leader.leader_id is not None:
        _change(waiting, leader=leader.leader_id)
        return
    mates = waiting.filter(_mate_of(leader))
    if leader.acknowledged_at is not None and _was_told(leader):
        _change(mates, progress=Progress.GROUP_TAKEN, acknowledged_at=leader.acknowledged_at)
    elif leader.progress == Progress.UNTAKEN:
        _change(mates, state=State.DONE, progress=Progress.UNTAKEN, finished_at=now)
    elif leader.progress == Progress.WAITING:
        # Snoozed by somebody who was told: they know of the group.
        if not leader.alert.suppressed and _was_told(leader):
            waiting = waiting.exclude(_mate_of(leader))
        _pass_on(leader, waiting.filter(awake(now)), waiting, now)
        return
    _pass_on(leader, waiting, waiting, now)


def wake_followers(leaders: Sequence[int]) -> None:
    """The leaders walk again: nobody has their groups any more."""
    taken = Escalation.objects.filter(IdIn(leaders, "leader_id"), progress=Progress.GROUP_TAKEN)
    _change(taken.filter(state=State.HELD), progress=Progress.FOLLOWING, acknowledged_at=None)


def adopt_followers(former: Sequence[int]) -> None:
    """These follow others by now: so do their followers."""
    leaders = Escalation.objects.filter(pk=OuterRef("leader_id")).values("leader_id")
    _change(following().filter(IdIn(former, "leader_id")), leader=Subquery(leaders))


def _pass_on(
    leader: Escalation,
    heirs: QuerySet[Escalation],
    waiting: QuerySet[Escalation],
    now: datetime,
) -> None:
    """The first that still fires walks from here, and speaks for the others."""
    mate = _mate_of(leader)
    firing = heirs.filter(alert__status=Alert.Status.FIRING, alert__resolved_at=None)
    ranked = firing.order_by(_first(mate), _first(awake(now)), "pk").select_related("alert")
    heir = ranked.select_for_update(skip_locked=True, of=("self",)).first()
    if heir is None:
        return
    of_group = bool(heir.group_key) and heir.group_key == leader.group_key
    changes = _in_place(leader, heir, now) if of_group else _afresh(heir, now)
    others = list(waiting.exclude(pk=heir.pk).values_list("pk", flat=True))
    Escalation.objects.filter(pk=heir.pk).update(**changes)
    _change(following().filter(IdIn(others)), leader=heir.pk)
    how = "It goes on from there" if of_group else "It begins now"
    over = "is over" if leader.progress == Progress.RESOLVED else "is not walked on"
    Transition.objects.create(
        alert_id=heir.alert_id,
        kind=Transition.Kind.PAGED,
        at=now,
        after="by its own walk",
        note=f"The walk of alert {leader.alert_id}, which it was paged with, {over}. {how}.",
    )
    if of_group:
        leader.leader = heir
        if leader.progress == Progress.WAITING:
            leader.state, leader.progress = State.HELD, Progress.FOLLOWING
        Escalation.objects.filter(pk=leader.pk).update(
            leader=heir, state=leader.state, progress=leader.progress
        )
    nudge(OUTBOX)


def _in_place(leader: Escalation, heir: Escalation, now: datetime) -> dict[str, Any]:
    """From the leader's step on; a round that the heir has told before counts as another."""
    ahead = max(0, heir.round + 1 - leader.round) if heir.paged_at else 0
    waits = leader.progress != Progress.WAITING and leader.next_at is not None
    return _leading() | {
        "due_at": leader.next_at if waits else now,
        "next_at": leader.next_at,
        "began_at": leader.began_at or leader.created_at,
        "round": leader.round + ahead,
        "first_round": leader.first_round + ahead,
        "step": leader.step,
        "paged_at": leader.paged_at,
        "policy_id": leader.policy_id,
        "severity": heir.alert.severity,
    }


def _afresh(heir: Escalation, now: datetime) -> dict[str, Any]:
    round_ = heir.round + 1 if heir.paged_at else heir.round
    return _leading() | {
        "due_at": now,
        "next_at": None,
        "began_at": now,
        "round": round_,
        "first_round": round_,
        "step": 0,
        "severity": "",
    }


def _leading() -> dict[str, Any]:
    return {
        "leader": None,
        "state": State.DUE,
        "progress": Progress.WALKING,
        "attempts": 0,
        "acknowledged_at": None,
    }


def _was_told(leader: Escalation) -> bool:
    """Whether somebody was paged since its latest walk began."""
    began = leader.began_at or leader.created_at
    return leader.paged_at is not None and leader.paged_at >= began


def _mate_of(leader: Escalation) -> Q:
    """Of its group."""
    return Q(group_key=leader.group_key) & ~Q(group_key="")


def _first(condition: Q) -> Case:
    return Case(When(condition, then=Value(0)), default=Value(1))


def _change(rows: QuerySet[Escalation], **changes: Any) -> None:
    """Those that nobody holds."""
    free = rows.order_by("pk").select_for_update(skip_locked=True, of=("self",))
    ids = list(free.values_list("pk", flat=True))
    if ids:
        Escalation.objects.filter(IdIn(ids)).update(**changes)


def strays() -> QuerySet[Escalation]:
    """Walks that no longer lead, with followers that have not heard of it."""
    firing = following().filter(alert__status=Alert.Status.FIRING, alert__resolved_at=None)
    followed = firing.exclude(leader=None).order_by()
    leading = Q(state__in=[State.DUE, State.CLAIMED], leader=None)
    return Escalation.objects.filter(pk__in=followed.values("leader")).exclude(leading)
