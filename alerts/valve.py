"""Which messages a channel takes now: its circuit breaker, and how many a minute.

After some failures in a row a channel is left alone for a while, then one probe shows whether it
works again. A refusal is an answer: only what is worth a retry counts as a failure. What has to
wait uses up no attempt.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from alerts.models import Channel, ChannelState, Notification
from alerts.normalise import RESOLVED
from opsportal.lib.outbox import UNFINISHED

MOST_FAILURES = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=15)
# Open for so long, and the fallback channel is told as well.
FALLBACK_AFTER = timedelta(minutes=5)
# Sent messages are counted by slots of so many seconds: in no minute are there more than allowed.
_SLOT, _SLOTS = 5, 13
_MINUTE = timedelta(minutes=1)
_FIRST = Q(about=RESOLVED) | Q(about__startswith="page ")


@dataclass(frozen=True, slots=True)
class Wait:
    """A message that is not sent now."""

    row: Notification
    delay: timedelta
    # The channel has been broken for so long that another should be told.
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Admitted:
    """What may be sent now, and what has to wait; probes show whether a channel works again."""

    rows: Sequence[Notification]
    waits: Sequence[Wait]
    probes: frozenset[int]


def admit_rows(rows: Sequence[Notification], now: datetime) -> Admitted:
    """Ask each channel's breaker and rate."""
    states = ChannelState.objects.in_bulk({row.channel_id for row in rows})
    by_channel: dict[int, list[Notification]] = defaultdict(list)
    for row in rows:
        by_channel[row.channel_id].append(row)
    sent: list[Notification] = []
    waits: list[Wait] = []
    probes: set[int] = set()
    for channel_id, asked in by_channel.items():
        state, channel = states.get(channel_id), asked[0].channel
        # Resolves and pages go first.
        asked.sort(key=lambda row: (not _goes_first(row), row.pk))
        if state is not None and state.opened_at is not None:
            probe, waiting = _probe(channel, asked, now)
            sent += probe
            probes |= {row.pk for row in probe}
        elif channel.rate_limit:
            taken, waiting = _within_rate(channel, asked, now)
            sent += taken
        else:
            waiting = []
            sent += asked
        waits += waiting
    return Admitted(sent, waits, frozenset(probes))


def _goes_first(row: Notification) -> bool:
    return row.about == RESOLVED or row.about.startswith("page ")


def _probe(
    channel: Channel, rows: Sequence[Notification], now: datetime
) -> tuple[Sequence[Notification], list[Wait]]:
    """One of the rows when a probe is due, and the others have to wait."""
    with transaction.atomic():
        state = ChannelState.objects.select_for_update().get(pk=channel.pk)
        if state.opened_at is None:  # somebody's probe has just come through
            return rows, []
        due = state.open_until is None or state.open_until <= now
        if due:
            # Should the prober vanish, there is another try after its lease.
            state.open_until = now + settings.DELIVERY_LEASE
            state.save(update_fields=["open_until"])
    overdue_at = state.opened_at + FALLBACK_AFTER
    delay = max((state.open_until or now) - now, timedelta(seconds=1))
    if channel.fallback_id and now < overdue_at:
        delay = min(delay, overdue_at - now)
    # A probe may be back within seconds.
    delay = min(delay, timedelta(seconds=30)) if due else delay
    rest = rows[1:] if due else rows
    return rows[:1] if due else [], [Wait(row, delay, overdue_at <= now) for row in rest]


def _within_rate(
    channel: Channel, rows: Sequence[Notification], now: datetime
) -> tuple[Sequence[Notification], list[Wait]]:
    """As many as the minute has room for; urgent ones that wait elsewhere keep their place."""
    limit = channel.rate_limit or 1
    with transaction.atomic():
        ChannelState.objects.get_or_create(channel=channel)
        state = ChannelState.objects.select_for_update().get(pk=channel.pk)
        slot = int(now.timestamp()) // _SLOT
        recent = {int(n): count for n, count in state.recent.items() if slot - _SLOTS < int(n)}
        room = max(limit - sum(recent.values()), 0)
        urgent = [row for row in rows if _goes_first(row)]
        kept = _urgent_elsewhere(channel, rows) if len(rows) > len(urgent) else 0
        take = min(max(room - kept, len(urgent)), room, len(rows))
        if take:
            recent[slot] = recent.get(slot, 0) + take
            state.recent = {str(number): count for number, count in recent.items()}
            state.save(update_fields=["recent"])
    left = rows[take:]
    if not left:
        return rows, []
    oldest = min(recent, default=slot)
    free_in = timedelta(seconds=max((oldest + _SLOTS) * _SLOT - now.timestamp(), 1))
    return rows[:take], _queue(channel, left, free_in, limit)


def _urgent_elsewhere(channel: Channel, rows: Sequence[Notification]) -> int:
    waiting = Notification.objects.filter(_FIRST, UNFINISHED, channel=channel)
    return waiting.exclude(pk__in=[row.pk for row in rows]).count()


def _queue(
    channel: Channel, rows: Sequence[Notification], free_in: timedelta, limit: int
) -> list[Wait]:
    """Urgent ones look again once there is room; the others when it is their turn."""
    usual = [row for row in rows if not _goes_first(row)]
    ahead = 0
    if usual:
        before = Notification.objects.filter(UNFINISHED, channel=channel, pk__lt=usual[0].pk)
        ahead = before.count()
    waits = [Wait(row, free_in) for row in rows if _goes_first(row)]
    for number, row in enumerate(usual, start=ahead):
        waits.append(Wait(row, min(free_in + _MINUTE * (number // limit), LONGEST_PAUSE)))
    return waits


def note_success(channel_id: int) -> None:
    """It works: what went wrong before is forgotten."""
    ChannelState.objects.filter(channel=channel_id, failures__gt=0).update(
        failures=0, trips=0, opened_at=None, open_until=None, last_error=""
    )


def note_failure(channel_id: int, error: str, now: datetime, *, probe: bool) -> None:
    """One more failure; enough of them in a row, or a failed probe, open the breaker."""
    with transaction.atomic():
        ChannelState.objects.get_or_create(channel_id=channel_id)
        state = ChannelState.objects.select_for_update().get(pk=channel_id)
        state.failures += 1
        state.last_error = error[:500]
        first = state.opened_at is None and state.failures >= MOST_FAILURES
        if first or (probe and state.opened_at is not None):
            state.trips += 1
            state.opened_at = state.opened_at or now
            state.open_until = now + min(FIRST_PAUSE * 2 ** min(state.trips - 1, 10), LONGEST_PAUSE)
        state.save()
