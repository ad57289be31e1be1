"""Freezes as a calendar: the weeks of a month, and the same as an agenda."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from chronos.freezes import Frozen
from chronos.models import Violation
from opsportal.lib.times import format_duration
from opsportal.lib.windows import instant_of

COLOURS = 6
# Beyond, a day says how many more there are.
MOST_A_DAY = 4
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Month:
    """A month on the wall of a zone, with the days around it that fill its weeks."""

    year: int
    month: int
    zone: ZoneInfo

    @property
    def first(self) -> date:
        """The month's first day."""
        return date(self.year, self.month, 1)

    @property
    def following(self) -> date:
        """The first day of the next month."""
        return (self.first + 31 * _DAY).replace(day=1)

    @property
    def days(self) -> list[date]:
        """From a Monday to a Sunday."""
        start = self.first - self.first.weekday() * _DAY
        last = self.following - _DAY
        end = last + (6 - last.weekday()) * _DAY
        return [start + number * _DAY for number in range((end - start).days + 1)]

    def instant(self, day: date) -> datetime:
        """When that day begins."""
        return instant_of(datetime.combine(day, datetime.min.time()), self.zone)


@dataclass(frozen=True, slots=True)
class Chip:
    """A freeze on one day; `first` and `last`: it begins, or ends, on it."""

    name: str
    title: str
    time: str
    colour: int
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the grid."""

    day: date
    today: bool
    inside: bool
    chips: Sequence[Chip]
    more: int
    violations: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A change that began although something was frozen."""

    violation: Violation
    freezes: str
    at: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One interval of a freeze in an agenda."""

    frozen: Frozen
    times: str
    lasts: str
    colour: int
    on: bool


def draw_month(
    month: Month, intervals: Sequence[Frozen], violations: Iterable[Violation], now: datetime
) -> list[list[Day]]:
    """Its weeks."""
    began: dict[date, set[int]] = defaultdict(set)
    for violation in violations:
        began[violation.at.astimezone(month.zone).date()].add(violation.event_id)
    # What goes on for days comes first, so that it stays in its line.
    ordered = sorted(intervals, key=lambda found: found.until - found.since < _DAY)
    today = now.astimezone(month.zone).date()
    days = []
    for day in month.days:
        start, end = month.instant(day), month.instant(day + _DAY)
        chips = [
            _chip(found, start, end, month.zone)
            for found in ordered
            if found.since < end and found.until > start
        ]
        shown = chips if len(chips) <= MOST_A_DAY else chips[: MOST_A_DAY - 1]
        days.append(
            Day(
                day,
                day == today,
                day.month == month.month,
                shown,
                len(chips) - len(shown),
                len(began[day]),
            )
        )
    return [days[place : place + 7] for place in range(0, len(days), 7)]


def list_entries(intervals: Iterable[Frozen], zone: ZoneInfo, now: datetime) -> list[Entry]:
    """In words."""
    return [
        Entry(
            found,
            f"{say_wall(found.since, zone)} to {say_wall(found.until, zone, found.since)}",
            format_duration(found.until - found.since),
            colour_of(found),
            found.since <= now < found.until,
        )
        for found in intervals
    ]


def list_broken(violations: Iterable[Violation], zone: ZoneInfo) -> list[Broken]:
    """Each change once, with all that it violated."""
    together: dict[int, list[Violation]] = defaultdict(list)
    for violation in violations:
        together[violation.event_id].append(violation)
    return [
        Broken(found[0], ", ".join(one.freeze_name for one in found), say_wall(found[0].at, zone))
        for found in together.values()
    ]


def first_of_each(intervals: Iterable[Frozen]) -> list[Frozen]:
    """A freeze that comes again says when it does next, once."""
    found: dict[int, Frozen] = {}
    for interval in intervals:
        found.setdefault(interval.freeze.id, interval)
    return list(found.values())


def colour_of(found: Frozen) -> int:
    """The same for a freeze everywhere."""
    return found.freeze.id % COLOURS


def say_wall(instant: datetime, zone: ZoneInfo, after: datetime | None = None) -> str:
    """`Mon 5 Jan 09:00` on that zone's wall; only the time on the day of `after`."""
    wall = instant.astimezone(zone)
    if after is not None and after.astimezone(zone).date() == wall.date():
        return f"{wall:%H:%M}"
    return f"{wall:%a} {wall.day} {wall:%b %H:%M}"


def _chip(found: Frozen, start: datetime, end: datetime, zone: ZoneInfo) -> Chip:
    first, last = found.since >= start, found.until <= end
    time = ""
    if first and found.since > start:
        time = f"{found.since.astimezone(zone):%H:%M}"
    if last and found.until < end:
        time = f"{time}-{found.until.astimezone(zone):%H:%M}"
    whole = f"{say_wall(found.since, zone)} to {say_wall(found.until, zone)}"
    freeze = found.freeze
    return Chip(
        freeze.name, f"{freeze.name}: {whole}. {freeze.reason}", time, colour_of(found), first, last
    )
