"""Act: hand notifications to their channels, at least once, and keep the answers."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Count, Q, prefetch_related_objects

from alerts.answer import answer_url
from alerts.channels import Message, PartlyDeliveredError
from alerts.compose import compose_message
from alerts.fallback import settle_followers, tell_fallbacks
from alerts.gather import gather_group
from alerts.models import DeliveryAttempt, Notification
from alerts.normalise import RESOLVED
from alerts.send import Sent, send_message
from alerts.suspect import suspects_in_words
from alerts.valve import Wait, admit_rows, note_failure, note_success
from opsportal.lib.errors import DeliveryError
from opsportal.lib.finish import finish_all
from opsportal.lib.outbox import OutboxRow, bury, postpone, retry_later

log = logging.getLogger(__name__)

# With less than this left of its lease, a row that is sent might be sent by another worker too.
SEND_TIMEOUT = settings.DELIVERY_LEASE / 3
# How long a later message waits for an earlier one of its episode.
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(seconds=30)
# A receiver may ask for a longer pause than ours, not for a shorter one.
SHORTEST_PAUSE = timedelta(seconds=5)
# All that a message needs, so that sending asks the database for nothing.
FETCHED = (
    "alert__team",
    "channel__template",
    "transition",
    "group",
    "instead_of__group",
)
# Transitions whose messages name what changed just before.
ACCUSING = ("opened", "reopened", "worsened", "woken", "released", "paged")
State = OutboxRow.State
# What belongs to each other and arrives in order: alert and channel, or None and group.
Thread = tuple[int | None, int]
# An attempt, to be written, and what came of it.
Made = tuple[DeliveryAttempt, Sent]


@dataclass(slots=True)
class _History:
    """What went before."""

    # Idempotency key of the first message of an episode, or a group, on a channel.
    first: dict[Thread, str] = field(default_factory=dict)
    unfinished: dict[Thread, list[Notification]] = field(default_factory=lambda: defaultdict(list))
    attempts: dict[int, int] = field(default_factory=dict)
    # What may have brought each alert about.
    suspects: dict[tuple[int, datetime], tuple[str, ...]] = field(default_factory=dict)


def deliver_notifications(notifications: Sequence[Notification], *, now: datetime) -> None:
    """Send each that may be sent now; an attempt and what came of it are written as one.

    Sends run side by side, so that a channel that hangs holds up nobody else.
    """
    began = time.monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - began)

    prefetch_related_objects(notifications, *FETCHED)
    history = _history_of(notifications)
    ready = [row for row in notifications if _may_be_sent(row, history, clock())]
    admitted = admit_rows(ready, clock())
    _wait(admitted.waits, clock())
    if not admitted.rows:
        return
    messages = [_message_of(row, history) for row in admitted.rows]
    under_way: dict[Future[Sent], DeliveryAttempt] = {}
    with ThreadPoolExecutor(len(messages), thread_name_prefix="deliver") as pool:
        for row, message in zip(admitted.rows, messages, strict=True):
            under_way[pool.submit(send_message, message, row.channel)] = DeliveryAttempt(
                notification=row,
                number=history.attempts.get(row.pk, 0) + 1,
                started_at=clock(),
            )
        # What comes back while others are written down is written together.
        while under_way:
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            back = [(under_way.pop(future), future) for future in done]
            made = [(attempt, _result_of(future, attempt)) for attempt, future in back]
            _record(made, clock, admitted.probes)


def _thread_of(row: Notification) -> Thread:
    return (row.alert_id, row.channel_id) if row.group_id is None else (None, row.group_id)


def _message_of(row: Notification, history: _History) -> Message:
    return compose_message(
        row,
        history.first[_thread_of(row)],
        gathered=gather_group(row),
        acknowledge_url=answer_url(row),
        suspects=_suspects_of(row, history),
    )


def _suspects_of(row: Notification, history: _History) -> tuple[str, ...]:
    """Of what is told on its way up; asked once for all who are told of it."""
    if row.transition.kind not in ACCUSING:
        return ()
    place = row.alert_id, row.created_at
    if place not in history.suspects:
        history.suspects[place] = suspects_in_words(row.alert, row.created_at)
    return history.suspects[place]


def _history_of(notifications: Sequence[Notification]) -> _History:
    history = _History()
    spoken = Notification.objects.exclude(state__in=(State.HELD, State.DROPPED)).filter(lead=None)
    alone = Q(
        group=None,
        alert_id__in={row.alert_id for row in notifications},
        channel_id__in={row.channel_id for row in notifications},
    )
    grouped = Q(group_id__in={row.group_id for row in notifications if row.group_id is not None})
    rows = spoken.filter(alone | grouped).only(
        "id", "alert_id", "channel_id", "group_id", "created_at", "state", "due_at"
    )
    for row in rows.order_by("id"):
        history.first.setdefault(_thread_of(row), row.idempotency_key)
        if row.state in (State.DUE, State.CLAIMED):
            history.unfinished[_thread_of(row)].append(row)
    counts = DeliveryAttempt.objects.filter(notification__in=[row.pk for row in notifications])
    history.attempts.update(
        counts.order_by().values_list("notification").annotate(count=Count("pk"))
    )
    return history


def _may_be_sent(row: Notification, history: _History, now: datetime) -> bool:
    """Whether to send it now; if not, the row is settled otherwise."""
    if not row.channel.enabled:
        with transaction.atomic():
            bury(row, "The channel is disabled: enable it and replay this.", now)
            _conclude(row, now)
        return False
    earlier = [other for other in history.unfinished[_thread_of(row)] if other.pk < row.pk]
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


def _wait(waits: Sequence[Wait], now: datetime) -> None:
    """Until there is room, or the channel works again; in the meantime its fallback may be told."""
    for put_off in waits:
        postpone(put_off.row, now, put_off.delay)
    overdue = [found.row for found in waits if found.overdue and found.row.about != RESOLVED]
    tell_fallbacks(overdue, now=now)


def _result_of(future: Future[Sent], attempt: DeliveryAttempt) -> Sent:
    """What was sent; a channel's bug is a failure of this one message and of no other."""
    bug = future.exception()
    if bug is None:
        return future.result()
    row = attempt.notification
    log.error("channel failed", exc_info=bug, extra={"notification": row.pk})
    text = f"{type(bug).__name__} in the channel {row.channel.kind}; the log has more."
    return Sent(text, timedelta(0), DeliveryError(text))


def _record(made: Sequence[Made], clock: Callable[[], datetime], probes: Collection[int]) -> None:
    """Write them down; while the database is away keep trying, or they would be sent twice."""
    lease_end = min(attempt.notification.due_at for attempt, _ in made)
    while True:
        try:
            lost = _write(made, clock(), probes)
            break
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or clock() >= lease_end:
                raise
            log.warning("deliveries not recorded yet", extra={"deliveries": len(made)})
            connection.close()
            _unwrite(made, lease_end)
            time.sleep(1)
        except Exception:
            if len(made) == 1:
                raise
            # One of them cannot be written: the others were sent, and shall not be again.
            log.exception("deliveries not recorded together")
            _unwrite(made, lease_end)
            for one in made:
                _record([one], clock, probes)
            return
    for row in lost:
        log.warning("delivered by somebody else too", extra={"notification": row.pk})


def _write(made: Sequence[Made], now: datetime, probes: Collection[int]) -> list[Notification]:
    """Attempts and what came of them, as one; those that somebody else holds by now."""
    for attempt, sent in made:
        attempt.duration, attempt.answer = sent.duration, sent.answer
        attempt.succeeded = sent.error is None
    with transaction.atomic():
        DeliveryAttempt.objects.bulk_create([attempt for attempt, _ in made])
        lost = finish_all([one.notification for one, sent in made if sent.error is None], now)
        for attempt, sent in made:
            row = attempt.notification
            if sent.error is not None and not _settle(row, sent, sent.error, now):
                lost.append(row)
            _conclude(row, now)
        _tell_valves(made, now, probes)
    return lost


def _unwrite(made: Sequence[Made], lease_end: datetime) -> None:
    """Whatever was set in memory has not happened."""
    for attempt, _ in made:
        attempt.pk, attempt._state.adding = None, True
        row = attempt.notification
        row.state, row.due_at = State.CLAIMED, lease_end


def _settle(row: Notification, sent: Sent, error: DeliveryError, now: datetime) -> bool:
    """What a failed attempt means for the row; False when somebody else holds it by now."""
    if isinstance(error, PartlyDeliveredError):
        row.accepted = sorted({*row.accepted, *error.accepted})
        Notification.objects.filter(pk=row.pk).update(accepted=row.accepted)
    if error.permanent:
        return bury(row, sent.answer, now)
    pause = None
    if error.retry_after is not None:
        pause = max(timedelta(seconds=error.retry_after), SHORTEST_PAUSE)
    return retry_later(row, sent.answer, now, delay=pause)


def _conclude(row: Notification, now: datetime) -> None:
    """What a settled row means to others: to those it spoke for, to the channel's fallback."""
    settle_followers(row, now=now)
    if row.state == State.DEAD:
        tell_fallbacks([row], now=now)


def _tell_valves(made: Sequence[Made], now: datetime, probes: Collection[int]) -> None:
    """A refusal is an answer, and who has it for some recipients works: neither is a failure."""
    # In the order of channels, so that workers never wait for each other crosswise; of one that
    # failed and worked at the same time, that it works counts.
    for channel_id, some in groupby(sorted(made, key=_channel_of), key=_channel_of):
        works = False
        for attempt, sent in some:
            row, error = attempt.notification, sent.error
            if error is None or error.permanent or isinstance(error, PartlyDeliveredError):
                works = True
            else:
                note_failure(channel_id, sent.answer, now, probe=row.pk in probes)
        if works:
            note_success(channel_id)


def _channel_of(made: Made) -> int:
    channel_id: int = made[0].notification.channel_id
    return channel_id
