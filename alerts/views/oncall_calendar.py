"""A schedule as a calendar: weeks of bars, placed by the wall clock of the zone that is shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.oncall.load import Roster
from alerts.oncall.plan import CALENDAR, OVERRIDE, Booking, Plan, Shift
from alerts.oncall.shifts import final_shifts, layer_shifts
from opsportal.accounts.models import User
from opsportal.lib.windows import instant_of

WEEK = timedelta(days=7)
COLOURS = 8
# So much of a week is wide enough to be seen.
_LEAST = 0.35
FINAL = "On call"


@dataclass(frozen=True, slots=True)
class Bar:
    """One shift in a week; `left` and `width` in percent."""

    left: str
    width: str
    name: str
    title: str
    colour: int


@dataclass(frozen=True, slots=True)
class Lane:
    """One source, or what comes of all."""

    name: str
    final: bool
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Day:
    """A column."""

    day: date
    today: bool


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days with their lanes; `now` is where the present is, in percent."""

    days: Sequence[Day]
    lanes: Sequence[Lane]
    now: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What is shown: from which Monday, how many weeks, in which zone."""

    first: date
    weeks: int
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """The first instant."""
        return self._midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first instant behind it."""
        return self._midnight(self.first + self.weeks * WEEK)

    def _midnight(self, day: date) -> datetime:
        return instant_of(datetime.combine(day, datetime.min.time()), self.zone)


def monday_of(instant: datetime, zone: ZoneInfo) -> date:
    """The Monday of the week in which that is."""
    day = instant.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def colours_of(people: Iterable[int]) -> dict[int, int]:
    """A colour for each person, the same on each page of the schedule as long as they are."""
    return {user_id: place % COLOURS for place, user_id in enumerate(sorted(people))}


def draw_weeks(roster: Roster, plan: Plan, frame: Frame, now: datetime) -> list[Week]:
    """The weeks of the frame; lanes from what wins to what loses."""
    sources = _sources(plan, frame)
    colours = colours_of(roster.people)
    weeks = []
    for number in range(frame.weeks):
        monday = frame.first + number * WEEK
        lanes = [
            Lane(name, name == FINAL, _bars(shifts, monday, frame.zone, roster.people, colours))
            for name, shifts in sources
        ]
        today = now.astimezone(frame.zone).date()
        days = [monday + timedelta(days=offset) for offset in range(7)]
        weeks.append(
            Week([Day(day, day == today) for day in days], lanes, _place_of(now, monday, frame))
        )
    return weeks


def _sources(plan: Plan, frame: Frame) -> list[tuple[str, list[Shift]]]:
    found = [(FINAL, final_shifts(plan, frame.start, frame.end))]
    for name, bookings in ((OVERRIDE, plan.overrides), (CALENDAR, plan.calendar)):
        if shifts := _booked(bookings, name, frame):
            found.append((name, shifts))
    # With one layer and nothing else there is nothing to compare.
    if len(plan.layers) > 1 or len(found) > 1:
        for number in reversed(range(len(plan.layers))):
            shifts = layer_shifts(plan, number, frame.start, frame.end)
            found.append((plan.layers[number].name, shifts))
    return found


def _booked(bookings: Iterable[Booking], name: str, frame: Frame) -> list[Shift]:
    return [
        Shift(found.user_id, found.start, found.end, name)
        for found in bookings
        if found.start < frame.end and found.end > frame.start
    ]


def _bars(
    shifts: Iterable[Shift],
    monday: date,
    zone: ZoneInfo,
    people: Mapping[int, User],
    colours: Mapping[int, int],
) -> list[Bar]:
    bars = []
    for shift in shifts:
        left = max(_share(shift.start, monday, zone), 0.0)
        right = min(_share(shift.end, monday, zone), 100.0)
        if left >= 100 or right <= 0:
            continue
        user = people[shift.user_id]
        bars.append(
            Bar(
                f"{left:.3f}",
                f"{max(right - left, _LEAST):.3f}",
                user.get_username(),
                f"{user.get_full_name() or user.get_username()}: "
                f"{say_wall(shift.start, zone)} to {say_wall(shift.end, zone)}, {shift.source}",
                colours[shift.user_id],
            )
        )
    return bars


def _share(instant: datetime, monday: date, zone: ZoneInfo) -> float:
    """Where it is in the week, by the wall clock, in percent."""
    wall = instant.astimezone(zone).replace(tzinfo=None)
    return (wall - datetime.combine(monday, datetime.min.time())) / WEEK * 100


def _place_of(now: datetime, monday: date, frame: Frame) -> str:
    share = _share(now, monday, frame.zone)
    return f"{share:.3f}" if 0 <= share < 100 else ""


def say_wall(instant: datetime, zone: ZoneInfo) -> str:
    """`Mon 5 Jan 09:00` on that zone's wall."""
    wall = instant.astimezone(zone)
    return f"{wall:%a} {wall.day} {wall:%b %H:%M}"
