"""The end of an episode goes to everyone who heard of it, and to nobody else."""

from collections.abc import Sequence

from alerts.episodes import NewNotification
from alerts.hold import Held
from alerts.models import Decision
from alerts.policy import Grouping
from alerts.route.batch import RESOLVED, Batch, Join, Row
from alerts.route.groups import group_key
from opsportal.lib.outbox import OutboxRow

Outcome = Decision.Outcome
State = OutboxRow.State


def tell_end(held: Held, batch: Batch) -> None:
    """Drop what no longer needs telling; tell the end to those who were told of the episode."""
    heard: dict[int, list[Row]] = {}
    dropped = 0
    for row in batch.rows.get(held.episode.pk, ()):
        if row.pk in batch.waiting:
            batch.dropped.append(row.pk)
            dropped += 1
        elif row.state != State.DROPPED:
            heard.setdefault(row.channel_id, []).append(row)
    if dropped:
        note = "It ended before its group's message went out: what was waiting is not told."
        held.reasons = [*held.reasons, {"note": note}]
    if not heard:
        note = "Nobody was told of this episode, so nobody of its end."
        held.outcome, held.reasons = Outcome.NOBODY, [*held.reasons, {"note": note}]
        return
    told = batch.told[held.episode.pk]
    wanted = [channel for channel, rows in heard.items() if _wants_end(rows, batch)]
    new = sorted(channel for channel in wanted if RESOLVED not in told[channel])
    for channel in new:
        told[channel].add(RESOLVED)
        _notify_end(held, channel, heard[channel], batch)
    note = f"The end is told to everyone who was told of the episode: {len(wanted)} in all."
    if len(wanted) < len(heard):
        note += f" {len(heard) - len(wanted)} did not want to hear of ends."
    outcome = Outcome.NOTIFIED if new else Outcome.ALREADY_TOLD if wanted else Outcome.NOBODY
    held.outcome, held.reasons = outcome, [*held.reasons, {"note": note}]


def _wants_end(rows: Sequence[Row], batch: Batch) -> bool:
    """Whoever was told by a rule does; a subscription may say that it does not."""
    return any(
        row.subscription_id is None or batch.policy.tells_end.get(row.subscription_id, True)
        for row in rows
    )


def _notify_end(held: Held, channel: int, rows: Sequence[Row], batch: Batch) -> None:
    found = NewNotification(
        alert_id=held.episode.pk,
        transition_id=held.transition_id,
        channel_id=channel,
        rule_id=None,
        subscription_id=None,
        about=RESOLVED,
    )
    batch.notifications.append(found)
    subscribed = {row.subscription_id for row in rows} - {None}
    if all(row.subscription_id is not None for row in rows):
        # Told by subscriptions alone: digest and quiet hours hold for the end as well.
        found.subscription_id = min(pk for pk in subscribed if pk is not None)
        _wait_for_subscription(held, found, batch)
        return
    group = next(
        (
            batch.groups[row.group_id]
            for row in reversed(rows)
            if row.group_id in batch.groups and row.subscription_id is None
        ),
        None,
    )
    if group is not None and group.closed_at is None:
        found.state, found.group_id = State.HELD, group.pk
        batch.ends[group.pk].append(found)


def _wait_for_subscription(held: Held, found: NewNotification, batch: Batch) -> None:
    subscription = batch.policy.by_subscription.get(found.subscription_id or 0)
    at = subscription.next_message(batch.now) if subscription else None
    if subscription is None or at is None:
        return
    found.state = State.HELD
    key = group_key(None, subscription.id, found.channel_id, ())
    join = batch.joins.get(key)
    if join is None:
        grouping = Grouping((), at - batch.now, subscription.interval, at)
        join = batch.joins[key] = Join(found.channel_id, grouping, None, subscription.id)
    join.notifications.append(found)
    join.joined.append(held)
