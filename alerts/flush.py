"""Act: a group that is due becomes one message.

The router adds held notifications under the group's lock; under the same lock they are taken from
here. One of them, the lead, is handed to delivery and speaks for all; the others follow its fate.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from alerts.gather import rank_told
from alerts.models import Alert, AlertGroup, Decision, Notification
from alerts.normalise import RESOLVED
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import UNFINISHED, OutboxRow

State = OutboxRow.State
# A group's next message waits for the one before it, so that an outage ends in one message.
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(seconds=30)
# Its last members are over, but their end is not routed yet: when to look again, and for how long
# an end that is known waits for those, so that the end of a storm is one message.
END_WAIT, LONGEST_END_WAIT = timedelta(seconds=1), timedelta(seconds=10)


def flush_groups(groups: Sequence[AlertGroup], *, now: datetime) -> None:
    """Have each claimed group tell what it holds; groups that lost their claim are left alone."""
    for group in groups:
        with transaction.atomic():
            locked = AlertGroup.objects.select_for_update().filter(pk=group.pk).first()
            if locked and (locked.state, locked.attempts) == (State.CLAIMED, group.attempts):
                _flush_group(locked, now)
        group.state = State.DONE


def _flush_group(group: AlertGroup, now: datetime) -> None:
    wait = _wait_for_the_last(group, now) or _wait_for_the_ends(group, now)
    if wait is None:
        if _tell_held(group, now):
            group.told_at = now
        wait = _close(group, now)
    group.state = State.DONE if wait is None else State.DUE
    group.due_at = now if wait is None else now + wait
    # A group lives for long: what counts is that this time nothing went wrong.
    group.attempts, group.last_error, group.finished_at = 0, "", now
    group.save()


def _wait_for_the_last(group: AlertGroup, now: datetime) -> timedelta | None:
    """How long to wait for the message before this one; None when it is settled."""
    leads = Notification.objects.filter(UNFINISHED, group=group, lead=None)
    due = leads.order_by("-due_at").values_list("state", "due_at").first()
    if due is None:
        return None
    state, due_at = due
    wait = SHORTEST_WAIT if state == State.CLAIMED else due_at - now
    return min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)


def _tell_held(group: AlertGroup, now: datetime) -> bool:
    """Make a lead of the worst of what is held, and followers of the rest."""
    held = Notification.objects.filter(group=group, state=State.HELD, lead=None)
    over = held.filter(~Q(about=RESOLVED), alert__resolved_at__isnull=False)
    over.update(state=State.DROPPED, finished_at=now)
    lead = held.annotate(rank=rank_told()).order_by("-rank", "-pk").values("pk").first()
    if lead is None:
        return False
    held.exclude(pk=lead["pk"]).update(lead=lead["pk"])
    Notification.objects.filter(pk=lead["pk"]).update(state=State.DUE, due_at=now)
    nudge("alerts.notifications")
    return True


def _close(group: AlertGroup, now: datetime) -> timedelta | None:
    """Close the group once all its alerts are over and that was told; when to look again."""
    told = Notification.objects.filter(group=group).exclude(state=State.DROPPED).values("alert")
    if _still_open(told):
        return None
    if _is_ending(told):
        return END_WAIT
    group.closed_at = now
    return None


def _wait_for_the_ends(group: AlertGroup, now: datetime) -> timedelta | None:
    """How long to wait for the ends of its last members; None when there is nothing to wait for."""
    ends = Notification.objects.filter(group=group, state=State.HELD, lead=None, about=RESOLVED)
    first = ends.order_by("created_at").values_list("created_at", flat=True).first()
    if first is None or now - first >= LONGEST_END_WAIT:
        return None
    told = Notification.objects.filter(group=group).exclude(state=State.DROPPED).values("alert")
    return END_WAIT if not _still_open(told) and _is_ending(told) else None


def _still_open(told: QuerySet[Notification, Any]) -> bool:
    return Alert.objects.filter(pk__in=told, resolved_at=None).exists()


def _is_ending(told: QuerySet[Notification, Any]) -> bool:
    """Whether something of its alerts is not routed yet."""
    return Decision.objects.filter(UNFINISHED, transition__alert__in=told).exists()
