"""The calendar of one zone at one now: where days, weeks and months begin and end."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from opsportal.lib.errors import PayloadError
from opsportal.lib.times import EARLIEST, LATEST
from opsportal.lib.windows import instant_of

# As far back or ahead as can be asked.
LONGEST = timedelta(days=3653)
_ELAPSED = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}

# The first day and the one after the last.
Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: elapsed, or so many months of the calendar."""

    elapsed: timedelta = timedelta(0)
    months: int = 0

    @classmethod
    def of(cls, number: float, unit: str) -> "Span":
        """So many of a unit. Raises PayloadError beyond ten years."""
        if unit in _MONTHS:
            span = cls(months=int(number * _MONTHS[unit]))
        elif number * _ELAPSED[unit].total_seconds() <= LONGEST.total_seconds():
            span = cls(number * _ELAPSED[unit])
        else:
            span = cls(months=121)
        if span.months > 120:
            raise PayloadError(f"{number:g} {unit}s are more than ten years; ask for less")
        if span == cls():
            raise PayloadError(f"{number:g} {unit}s are no time at all; ask for more")
        return span


@dataclass(frozen=True)
class Clock:
    """What `now` is where the person is."""

    now: datetime
    zone: ZoneInfo

    @cached_property
    def today(self) -> date:
        """The local date."""
        return self.now.astimezone(self.zone).date()

    def instant(self, day: date, at: time = time(0), *, last: bool = False) -> datetime:
        """That wall time in UTC; one that comes twice is the first, unless `last`."""
        if not EARLIEST.date() < day < LATEST.date():
            raise PayloadError(f"{day} is not within {EARLIEST.year} and {LATEST.year}")
        return instant_of(datetime.combine(day, at).replace(fold=int(last)), self.zone)

    def back(self, moment: datetime, span: Span, *, ahead: bool = False) -> datetime:
        """The moment that long before (or, `ahead`, after) another one."""
        sign = 1 if ahead else -1
        if not span.months:
            return moment + sign * span.elapsed
        wall = moment.astimezone(self.zone)
        day = add_months(wall.date(), sign * span.months)
        if not EARLIEST.date() < day < LATEST.date():
            raise PayloadError(f"{day} is not within {EARLIEST.year} and {LATEST.year}")
        return wall.replace(year=day.year, month=day.month, day=day.day).astimezone(UTC)

    def recent(self, at: time) -> date:
        """The day on which the clock last showed this."""
        day = self.today
        while self.instant(day, at) > self.now:
            day -= timedelta(days=1)
        return day

    def period(self, unit: str, shift: int = 0) -> Days:
        """This day, week (from Monday), month, quarter or year; `shift` -1 is the one before."""
        if unit == "day":
            first = self.today + timedelta(days=shift)
            return first, first + timedelta(days=1)
        if unit == "week":
            first = self.today + timedelta(days=7 * shift - self.today.weekday())
            return first, first + timedelta(days=7)
        months = _MONTHS[unit]
        first = self.today.replace(day=1, month=(self.today.month - 1) // months * months + 1)
        first = add_months(first, months * shift)
        return first, add_months(first, months)

    def weekday(self, number: int, *, before: date | None = None) -> date:
        """The newest such day up to today, or before another day."""
        last = self.today if before is None else before - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - number) % 7)

    def month(self, number: int, year: int | None) -> Days:
        """That month of that year, or the newest that has begun."""
        if year is None:
            year = self.today.year - (number > self.today.month)
        first = date(year, number, 1)
        return first, add_months(first, 1)


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last."""
    number = day.year * 12 + day.month - 1 + months
    year, month = divmod(number, 12)
    if not 1 < year < 9998:
        raise PayloadError("that is outside of the calendar")
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(
        date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1)
    )
