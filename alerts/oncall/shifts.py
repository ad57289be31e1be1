"""Who is on call: pure, by one sweep over everything that could put somebody on call.

Instants are aware. Turns begin and end by the wall clock of the schedule's zone, so a handover at
09:00 stays at 09:00 over a change of the clocks; where the clock skips or repeats, a turn is so
much shorter or longer.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.oncall.plan import CALENDAR, OVERRIDE, Plan, Rotation, Shift, Watch
from opsportal.lib.windows import instant_of

# A clock is set by less than this at once, also where a zone crosses the date line.
_SLACK = timedelta(days=2)
# How far is looked for the next change: first near, then far.
_HORIZONS = (timedelta(days=15), timedelta(days=100), timedelta(days=400))
_CALENDAR_RANK, _OVERRIDE_RANK = 10_000, 20_000

Rank = tuple[int, float, int]


@dataclass(frozen=True, slots=True)
class _Claim:
    """A shift as one source would have it; where claims overlap the highest rank wins."""

    rank: Rank
    shift: Shift


def final_shifts(plan: Plan, start: datetime, end: datetime) -> list[Shift]:
    """Who is on call between the two times: in order, without overlap, cut to them."""
    return _sweep(_claims(plan, start, end), start, end)


def layer_shifts(plan: Plan, number: int, start: datetime, end: datetime) -> list[Shift]:
    """What one layer alone would say between the two times."""
    return _sweep(_layer_claims(plan, number, start, end), start, end)


def holder_at(plan: Plan, instant: datetime) -> int | None:
    """The person on call at that instant."""
    found = final_shifts(plan, instant, instant + timedelta(microseconds=1))
    return found[0].user_id if found else None


def watch_at(plan: Plan, now: datetime) -> Watch:
    """Who is on call, until when, and who comes next."""
    current: Shift | None = None
    until: datetime | None = None
    for horizon in _HORIZONS:
        shifts = final_shifts(plan, now, now + horizon)
        current, until, rest = _current(shifts, now, now + horizon)
        if rest is not None:
            return Watch(current, until, rest)
    return Watch(current, until, None)


def next_change(plan: Plan, now: datetime) -> datetime | None:
    """When somebody else is on call, or nobody any more; None: not within the horizon."""
    found = watch_at(plan, now)
    if found.current is None:
        return found.following.start if found.following else None
    return found.until


def _current(
    shifts: list[Shift], now: datetime, end: datetime
) -> tuple[Shift | None, datetime | None, Shift | None]:
    """The shift at `now` with what follows it seamlessly by the same person; when that ends; what
    comes then."""
    if not shifts or shifts[0].start > now:
        return None, None, shifts[0] if shifts else None
    until = shifts[0].end
    for shift in shifts[1:]:
        if shift.start != until or shift.user_id != shifts[0].user_id:
            return shifts[0], until, shift
        until = shift.end
    return shifts[0], None if until >= end else until, None


def _claims(plan: Plan, start: datetime, end: datetime) -> Iterator[_Claim]:
    for number in range(len(plan.layers)):
        yield from _layer_claims(plan, number, start, end)
    for number, booking in enumerate(plan.calendar):
        rank = (_CALENDAR_RANK, booking.start.timestamp(), number)
        yield _Claim(rank, Shift(booking.user_id, booking.start, booking.end, CALENDAR))
    for number, booking in enumerate(plan.overrides):
        rank = (_OVERRIDE_RANK, 0.0, number)
        yield _Claim(rank, Shift(booking.user_id, booking.start, booking.end, OVERRIDE))


def _layer_claims(plan: Plan, number: int, start: datetime, end: datetime) -> Iterator[_Claim]:
    layer = plan.layers[number]
    for index, turn in _turns(plan, layer, start, end):
        if layer.hours is None:
            pieces = [(turn.start, turn.end)]
        else:
            # Whole turns would be long; what lies outside is not asked for.
            pieces = layer.hours.windows_between(max(turn.start, start), min(turn.end, end))
        for piece_start, piece_end in pieces:
            shift = Shift(turn.user_id, piece_start, piece_end, layer.name)
            yield _Claim((number, 0.0, index), shift)


def _turns(
    plan: Plan, layer: Rotation, start: datetime, end: datetime
) -> Iterator[tuple[int, Shift]]:
    """The turns that reach into the time, each with its number.

    Where a clock is set back or forward by more than a turn, some begin after their own end: those
    are none, and their neighbours cover the time.
    """
    if not layer.people:
        return
    first_wall = start.astimezone(plan.zone).replace(tzinfo=None) - _SLACK
    last_wall = end.astimezone(plan.zone).replace(tzinfo=None) + _SLACK
    lowest = max(0, (first_wall - layer.first) // layer.length)
    highest = (last_wall - layer.first) // layer.length
    begin = instant_of(layer.first + lowest * layer.length, plan.zone)
    for index in range(lowest, highest + 1):
        after = instant_of(layer.first + (index + 1) * layer.length, plan.zone)
        user_id = layer.people[index % len(layer.people)]
        if user_id is not None and begin < after and begin < end and after > start:
            yield index, Shift(user_id, begin, after, layer.name)
        begin = after


def _sweep(claims: Iterable[_Claim], start: datetime, end: datetime) -> list[Shift]:
    """The winning claim at every instant, as few shifts as that takes."""
    waiting = sorted(
        (found for found in claims if found.shift.start < end and found.shift.end > start),
        key=lambda found: found.shift.start,
    )
    edges = sorted(
        {start, end}
        | {max(found.shift.start, start) for found in waiting}
        | {min(found.shift.end, end) for found in waiting}
    )
    shifts: list[Shift] = []
    last: _Claim | None = None
    # The highest rank first; claims that are over are dropped when they come to the top.
    active: list[tuple[Rank, int, _Claim]] = []
    place = 0
    for number in range(len(edges) - 1):
        edge, following = edges[number], edges[number + 1]
        while place < len(waiting) and waiting[place].shift.start <= edge:
            found = waiting[place]
            rank = (-found.rank[0], -found.rank[1], -found.rank[2])
            heapq.heappush(active, (rank, place, found))
            place += 1
        while active and active[0][2].shift.end <= edge:
            heapq.heappop(active)
        winner = active[0][2] if active else None
        if winner is not None and winner is last:
            shifts[-1] = _ending(shifts[-1], following)
        elif winner is not None:
            shifts.append(Shift(winner.shift.user_id, edge, following, winner.shift.source))
        last = winner
    return shifts


def _ending(shift: Shift, end: datetime) -> Shift:
    return Shift(shift.user_id, shift.start, end, shift.source)
