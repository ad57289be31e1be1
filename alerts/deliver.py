"""Act: hand notifications to their channels, at least once, and keep the answers."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Count, prefetch_related_objects

from alerts.channels import ChannelKind, Message, PartlyDeliveredError, hide_secrets
from alerts.compose import compose_message, compose_test
from alerts.models import Channel, DeliveryAttempt, Notification
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.errors import ConflictError, DeliveryError
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow, bury, finish, postpone, replay, retry_later
from opsportal.lib.registry import plugin

log = logging.getLogger(__name__)

# With less than this left of its lease, a row that is sent might be sent by another worker too.
SEND_TIMEOUT = settings.DELIVERY_LEASE / 3
# How long a later message waits for an earlier one of its episode.
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(seconds=30)
# A receiver may ask for a longer pause than ours, not for a shorter one.
SHORTEST_PAUSE = timedelta(seconds=5)
OUTBOX = "alerts.notifications"
State = OutboxRow.State
Place = tuple[int, int]  # alert, channel


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came of one send."""

    answer: str
    duration: timedelta
    error: DeliveryError | None = None


@dataclass(slots=True)
class _History:
    """What went before."""

    # Idempotency key of the first notification of an episode on a channel.
    first: dict[Place, str] = field(default_factory=dict)
    unfinished: dict[Place, list[Notification]] = field(default_factory=lambda: defaultdict(list))
    attempts: dict[int, int] = field(default_factory=dict)


def deliver_notifications(notifications: Sequence[Notification], *, now: datetime) -> None:
    """Send each that may be sent now; an attempt and what came of it are written as one.

    Sends run side by side, so that a channel that hangs holds up nobody else.
    """
    began = time.monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - began)

    prefetch_related_objects(notifications, "alert__team", "channel", "transition")
    history = _history_of(notifications)
    ready = [row for row in notifications if _may_be_sent(row, history, clock())]
    if not ready:
        return
    under_way: dict[Future[_Sent], tuple[Notification, datetime]] = {}
    with ThreadPoolExecutor(len(ready), thread_name_prefix="deliver") as pool:
        for row in ready:
            thread_key = history.first[row.alert_id, row.channel_id]
            under_way[pool.submit(_send_row, row, thread_key)] = (row, clock())
        for future in as_completed(under_way):
            row, started_at = under_way[future]
            attempt = DeliveryAttempt(
                notification=row,
                number=history.attempts.get(row.pk, 0) + 1,
                started_at=started_at,
            )
            _record(attempt, _result_of(future, row), clock)


def _history_of(notifications: Sequence[Notification]) -> _History:
    history = _History()
    rows = Notification.objects.filter(
        alert_id__in={row.alert_id for row in notifications},
        channel_id__in={row.channel_id for row in notifications},
    ).only("id", "alert_id", "channel_id", "created_at", "state", "due_at")
    for row in rows.order_by("id"):
        place = (row.alert_id, row.channel_id)
        history.first.setdefault(place, row.idempotency_key)
        if row.state in (State.DUE, State.CLAIMED):
            history.unfinished[place].append(row)
    counts = DeliveryAttempt.objects.filter(notification__in=[row.pk for row in notifications])
    history.attempts.update(
        counts.order_by().values_list("notification").annotate(count=Count("pk"))
    )
    return history


def _may_be_sent(row: Notification, history: _History, now: datetime) -> bool:
    """Whether to send it now; if not, the row is settled otherwise."""
    if not row.channel.enabled:
        bury(row, "The channel is disabled: enable it and replay this.", now)
        return False
    earlier = [
        other for other in history.unfinished[row.alert_id, row.channel_id] if other.pk < row.pk
    ]
    if earlier:
        wait = max(other.due_at for other in earlier) - now
        if any(other.state == State.CLAIMED for other in earlier):
            wait = SHORTEST_WAIT
        postpone(row, now, min(max(wait, SHORTEST_WAIT), LONGEST_WAIT))
        return False
    if row.due_at - now < SEND_TIMEOUT:
        postpone(row, now, timedelta(0))
        return False
    return True


def _send_row(row: Notification, thread_key: str) -> _Sent:
    """In a thread of its own; does no queries."""
    return _send(compose_message(row, thread_key), row.channel)


def _send(message: Message, channel: Channel) -> _Sent:
    try:
        kind: type[ChannelKind] = plugin("ALERT_CHANNELS", channel.kind)
    except LookupError as unknown:
        gone = DeliveryError(str(unknown.args[0]), permanent=True)
        return _Sent(gone.message, timedelta(0), gone)
    began = time.monotonic()
    error: DeliveryError | None = None
    try:
        answer = kind.send(message, channel.settings)
    except DeliveryError as failure:
        answer, error = failure.message, failure
    duration = timedelta(seconds=time.monotonic() - began)
    return _Sent(hide_secrets(answer, kind.fields, channel.settings), duration, error)


def _result_of(future: Future[_Sent], row: Notification) -> _Sent:
    """What was sent; a channel's bug is a failure of this one message and of no other."""
    bug = future.exception()
    if bug is None:
        return future.result()
    log.error("channel failed", exc_info=bug, extra={"notification": row.pk})
    text = f"{type(bug).__name__} in the channel {row.channel.kind}; the log has more."
    return _Sent(text, timedelta(0), DeliveryError(text))


def _record(attempt: DeliveryAttempt, sent: _Sent, clock: Callable[[], datetime]) -> None:
    """Write it down; while the database is away keep trying, or the message would be sent twice."""
    row = attempt.notification
    attempt.duration, attempt.answer = sent.duration, sent.answer
    attempt.succeeded = sent.error is None
    lease_end = row.due_at
    while True:
        try:
            with transaction.atomic():
                attempt.save(force_insert=True)
                held = _settle(row, sent, clock())
            break
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or clock() >= lease_end:
                raise
            log.warning("delivery not recorded yet", extra={"notification": row.pk})
            connection.close()
            # Whatever was set in memory has not happened.
            attempt.pk, row.state, row.due_at = None, State.CLAIMED, lease_end
            time.sleep(1)
    if not held:
        log.warning("delivered by somebody else too", extra={"notification": row.pk})


def _settle(row: Notification, sent: _Sent, now: datetime) -> bool:
    error = sent.error
    if error is None:
        return finish(row, now)
    if isinstance(error, PartlyDeliveredError):
        row.accepted = sorted({*row.accepted, *error.accepted})
        Notification.objects.filter(pk=row.pk).update(accepted=row.accepted)
    if error.permanent:
        return bury(row, sent.answer, now)
    pause = None
    if error.retry_after is not None:
        pause = max(timedelta(seconds=error.retry_after), SHORTEST_PAUSE)
    return retry_later(row, sent.answer, now, delay=pause)


def test_channel(channel: Channel, *, actor: Actor, now: datetime) -> str:
    """Send a message marked as a test, at once; the other side's answer. Raises DeliveryError."""
    sent = _send(compose_test(channel, actor.name, now), channel)
    after = {"answer": sent.answer, "succeeded": sent.error is None}
    record_audit(actor, "test", channel, after=after, now=now)
    if sent.error is not None:
        raise DeliveryError(
            sent.answer, permanent=sent.error.permanent, retry_after=sent.error.retry_after
        )
    return sent.answer


def replay_notification(notification: Notification, *, actor: Actor, now: datetime) -> None:
    """Try a dead notification again. Raises ConflictError when it is not dead."""
    with transaction.atomic():
        if not replay(notification, now):
            raise ConflictError("This notification is not dead, so there is nothing to replay.")
        record_audit(actor, "replay", notification, now=now)
        nudge(OUTBOX)


def replay_all_dead(*, actor: Actor, now: datetime, channel: Channel | None = None) -> int:
    """Try every dead notification again (of one channel); how many there are."""
    with transaction.atomic():
        dead = Notification.objects.filter(state=State.DEAD)
        channels = Channel.objects.filter(notifications__in=dead).distinct().defer("settings")
        total = 0
        for found in [channel] if channel else list(channels):
            count = dead.filter(channel=found).update(
                state=State.DUE, due_at=now, attempts=0, finished_at=None
            )
            if count:
                record_audit(actor, "replay", found, after={"notifications": count}, now=now)
            total += count
        if total:
            nudge(OUTBOX)
    return total
