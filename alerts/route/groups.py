"""Groups: alerts that share a message are added under the group's lock, and set its time.

Under the same lock the group's message takes what the group holds; see `alerts/flush.py`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from operator import itemgetter

import msgspec
from django.db.models import Q

from alerts.hold import Held
from alerts.models import AlertGroup, Notification
from alerts.route.batch import Batch, Join
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow

State = OutboxRow.State


def group_key(
    rule: int | None, subscription: int | None, channel: int, labels: Sequence[tuple[str, str]]
) -> str:
    """What the open group of these is found by."""
    said = msgspec.json.encode((rule, subscription, channel, labels))
    return blake2b(said, digest_size=16).hexdigest()


def lock_groups(ends: Sequence[Held], batch: Batch) -> None:
    """Lock, by id, the groups that may change; see what still waits in those of ended alerts."""
    told = [row for held in ends for row in batch.rows.get(held.episode.pk, ())]
    ids = {row.group_id for row in told if row.group_id is not None}
    keys = {
        group_key(None, row.subscription_id, row.channel_id, ())
        for row in told
        if row.subscription_id is not None
    }
    keys |= batch.joins.keys()
    if ids or keys:
        _lock(Q(pk__in=ids) | Q(key__in=keys, closed_at=None), batch)
    waiting = [row.pk for row in told if row.waits]
    if waiting:
        still = Notification.objects.filter(pk__in=waiting, state=State.HELD, lead=None)
        batch.waiting.update(still.values_list("pk", flat=True))


def join_groups(batch: Batch) -> None:
    """Add to each group what joins it, make those that are missing, and set their times."""
    if batch.joins:
        opened = _open_missing(batch)
        groups = {found.key: found for found in batch.groups.values() if found.closed_at is None}
        for key, join in batch.joins.items():
            group = groups[key]
            for found in join.notifications:
                found.group_id = group.pk
            _note(join, group)
            if key not in opened:
                grouping = join.grouping
                at = grouping.at or _next_message(group, batch.now, grouping.wait)
                _set_due(group, at, batch)
    if batch.ends:
        firing = _still_firing(batch)
        for group_id in batch.ends:
            group = batch.groups[group_id]
            # An end leaves at once when nothing of the group fires any more.
            at = _next_message(group, batch.now) if group_id in firing else batch.now
            _set_due(group, at, batch)


def _lock(wanted: Q, batch: Batch) -> None:
    rows = AlertGroup.objects.select_for_update().filter(wanted).order_by("pk")
    batch.groups |= {group.pk: group for group in rows}


def _open_missing(batch: Batch) -> set[str]:
    """Make the groups that are missing; the keys of those that nobody else made meanwhile."""
    known = {group.key for group in batch.groups.values() if group.closed_at is None}
    missing = {key: join for key, join in batch.joins.items() if key not in known}
    if not missing:
        return set()
    made = [
        AlertGroup(
            key=key,
            channel_id=join.channel_id,
            rule_id=join.rule_id,
            subscription_id=join.subscription_id,
            labels=dict(join.grouping.labels),
            interval=join.grouping.interval,
            opened_at=batch.now,
            due_at=join.grouping.at or batch.now + join.grouping.wait,
        )
        # In the same order everywhere: whoever makes one waits for others who are making it.
        for key, join in sorted(missing.items(), key=itemgetter(0))
    ]
    AlertGroup.objects.bulk_create(made, ignore_conflicts=True)
    nudge("alerts.groups")
    _lock(Q(key__in=list(missing), closed_at=None), batch)
    return set(missing)


def _note(join: Join, group: AlertGroup) -> None:
    """In the reasons: with whom it is told."""
    shared = ", ".join(f"{name}={value or '-'}" for name, value in join.grouping.labels)
    with_whom = f"with others of {shared}" if shared else "with others"
    note = f"Told {with_whom} in the next message of group {group.pk}."
    reason: dict[str, object] = {"group": group.pk, "note": note}
    seen: set[int] = set()
    for found in join.joined:
        if found.pk not in seen:
            seen.add(found.pk)
            found.reasons = [*found.reasons, reason]


def _next_message(group: AlertGroup, now: datetime, wait: timedelta = timedelta(0)) -> datetime:
    """When a group may tell again; one that never has waits as a new one does."""
    return max(now, group.told_at + group.interval) if group.told_at else now + wait


def _set_due(group: AlertGroup, at: datetime, batch: Batch) -> None:
    """Let its next message be then, or earlier if it is to be earlier anyhow."""
    if group.state == State.CLAIMED:
        return  # whoever has it takes what it holds by then, under its lock
    if group.state == State.DUE:
        if group.due_at <= at:
            return
        group.due_at = at
    else:
        group.state, group.due_at = State.DUE, at
        group.attempts, group.finished_at = 0, None
    batch.moved[group.pk] = group


def _still_firing(batch: Batch) -> set[int]:
    """Groups with an end that have a member left that fires."""
    members = Notification.objects.filter(group_id__in=list(batch.ends), alert__resolved_at=None)
    found = members.exclude(state=State.DROPPED).order_by().values_list("group_id", flat=True)
    joined = {
        notification.group_id
        for join in batch.joins.values()
        if join.fires
        for notification in join.notifications
    }
    return set(found.distinct()) | {pk for pk in joined if pk is not None}
