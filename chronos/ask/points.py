"""Moments as people write them: 14:00, friday 17:00, 2026-11-20, 3 days ago, incident 42."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from chronos.ask.clock import Clock, Days, Span
from chronos.ask.cursor import Cursor
from chronos.ask.names import KnownNames
from chronos.ask.reading import Bound, Mark
from chronos.ask.references import read_reference
from chronos.ask.vocabulary import MONTHS, UNITS, WEEKDAYS, ZONE_NICKNAMES
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import EARLIEST, LATEST

_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d))?(?::(\d\d))?(am|pm)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}t\d{2}:?\d{2}\S{0,24}", re.ASCII)
_DAY_OF_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?", re.ASCII)
_YEAR = re.compile(r"(?:19|20|21)\d\d", re.ASCII)
_PERIODS = frozenset({"week", "month", "quarter", "year"})
_SHIFTS = {"this": 0, "last": -1, "previous": -1, "next": 1}
_RELATIVE_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
# What is said of a deployment begins when it ended: "since release 1.4".
_INSTANTANEOUS = frozenset({"deployment", "release", "rollback", "config", "flag", "migration"})


@dataclass(frozen=True, slots=True)
class Hour:
    """A time of day. `bare` is a number alone, `half` says whether am or pm was given."""

    hour: int
    minute: int = 0
    second: int = 0
    half: str = ""
    bare: bool = False

    def __str__(self) -> str:
        if self.half and not self.minute and not self.second:
            return f"{self.hour}{self.half}"
        return self.time.isoformat("seconds" if self.second else "minutes")

    @property
    def time(self) -> time:
        """On a clock of 24 hours."""
        hour = self.hour
        if self.half:
            hour = hour % 12 + 12 * (self.half == "pm")
        return time(hour, self.minute, self.second)


@dataclass(frozen=True, slots=True)
class Point:
    """A moment as said: an instant, a mark, or a day (or longer) and a time of day, or one."""

    bound: Bound | None = None
    days: Days | None = None
    # A name of a day whose date depends on what it is the end of.
    weekday: int | None = None
    hour: Hour | None = None
    next_day: bool = False

    @property
    def is_clock(self) -> bool:
        """Whether only a time of day was given."""
        return self.bound is None and self.days is None and self.weekday is None


class Points:
    """Reads moments at a cursor."""

    def __init__(self, cursor: Cursor, clock: Clock, names: KnownNames) -> None:
        self.cursor = cursor
        self.clock = clock
        self.names = names

    def point(self, *, bare: bool = False) -> Point | None:
        """The moment that stands here; `bare` lets a number alone be an hour."""
        cursor = self.cursor
        begun = cursor.at
        found = self._bound()
        if found is None and (hour := self.hour(bare=bare)):
            day_at = cursor.at
            cursor.accept("on", "the", "of")
            day = self.day()
            if day is None:
                cursor.at = day_at
                next_day = cursor.accept_all("the", "next", "day") or cursor.accept_all(
                    "next", "day"
                )
                found = Point(hour=hour, next_day=next_day)
            else:
                found = replace(day, hour=hour)
        if found is None and (day := self.day()):
            hour_at = cursor.at
            cursor.accept("at")
            hour = self.hour()
            if hour is None:
                cursor.at = hour_at
            found = replace(day, hour=hour)
        if found is None:
            cursor.at = begun
        return found

    def _bound(self) -> Point | None:
        cursor = self.cursor
        begun = cursor.at
        if cursor.accept("now"):
            return Point(self.clock.now)
        if _MOMENT.fullmatch(cursor.peek()):
            return self._moment(cursor.token().text)
        if span := cursor.span():
            if cursor.accept("ago"):
                return Point(self.clock.back(self.clock.now, span))
            if side := cursor.accept("before", "after"):
                return self._beside(span, side, begun)
            cursor.at = begun
            return None
        mark = self.mark()
        return Point(mark) if mark else None

    def _beside(self, span: Span, side: str, begun: int) -> Point | None:
        edge = "start" if side == "before" else "end"
        bound = self.mark(edge) or self._bound_of(self.point())
        if bound is None:
            self.cursor.at = begun
            return None
        return Point(self.shifted(bound, span, ahead=side == "after"))

    def _bound_of(self, point: Point | None) -> datetime | None:
        if point is None:
            return None
        bound = self.start(point)
        return bound if isinstance(bound, datetime) else None

    def shifted(self, bound: Bound, span: Span, *, ahead: bool) -> Bound:
        """The bound that long before another one, or `ahead` of it."""
        if isinstance(bound, datetime):
            return self.clock.back(bound, span, ahead=ahead)
        elapsed = span.elapsed + timedelta(days=30) * span.months
        return replace(bound, offset=bound.offset + (elapsed if ahead else -elapsed))

    def mark(self, edge: str = "") -> Mark | None:
        """A reference, with the edge of it that is meant: "the start of incident 42"."""
        cursor = self.cursor
        begun = cursor.at
        cursor.accept("the")
        said = cursor.accept("start", "beginning", "end")
        if said and not cursor.accept("of"):
            cursor.at = begun
            return None
        if said:
            edge = "end" if said == "end" else "start"
        else:
            cursor.at = begun
        reference = read_reference(cursor, self.names)
        if reference is None:
            cursor.at = begun
            return None
        return Mark(reference, edge or default_edge(reference.kind))

    def _moment(self, text: str) -> Point:
        try:
            found = datetime.fromisoformat(text.upper())
        except ValueError as error:
            raise PayloadError(f"{text[:60]!r} is no time; write 2026-01-31T12:00:00Z") from error
        if not EARLIEST.year < found.year < LATEST.year:
            raise PayloadError(f"{text[:60]!r} is not within {EARLIEST.year} and {LATEST.year}")
        self.cursor.at += 1
        if found.tzinfo is not None:
            return Point(found.astimezone(UTC))
        day = found.date()
        return Point(
            days=(day, day + timedelta(days=1)), hour=Hour(found.hour, found.minute, found.second)
        )

    def hour(self, *, bare: bool = False) -> Hour | None:
        """A time of day. Raises PayloadError for 25:00."""
        cursor = self.cursor
        word = cursor.peek()
        if word in {"noon", "midnight"}:
            cursor.at += 1
            return Hour(12 if word == "noon" else 0)
        found = _CLOCK.fullmatch(word)
        if found is None:
            return None
        half = found[4] or (cursor.peek(1) if cursor.peek(1) in {"am", "pm"} else "")
        if not (found[2] or half or bare):
            return None
        hour, minute, second = (int(part or 0) for part in found.groups()[:3])
        if hour > 23 and not (found[2] or half):
            return None
        cursor.at += 2 if half and not found[4] else 1
        if minute > 59 or second > 59 or not (1 <= hour <= 12 if half else hour <= 23):
            raise PayloadError(f"{word} {'' if found[4] else half}".strip() + " is no time of day")
        self._refuse_nickname()
        return Hour(hour, minute, second, half, bare=not (found[2] or half))

    def _refuse_nickname(self) -> None:
        word = self.cursor.peek()
        if word in ZONE_NICKNAMES:
            raise PayloadError(
                f"{word.upper()} is the name of several time zones; write one such as Europe/Berlin"
            )

    def day(self) -> Point | None:
        """A day or a longer period: yesterday, friday, 2026-11-20, nov 20, last week."""
        cursor = self.cursor
        word = cursor.peek()
        if word in _RELATIVE_DAYS:
            cursor.at += 1
            return Point(days=self.clock.period("day", _RELATIVE_DAYS[word]))
        if word in WEEKDAYS:
            cursor.at += 1
            return Point(weekday=WEEKDAYS[word])
        if _DATE.fullmatch(word):
            return self._date(word)
        return self._period() or self._month_day()

    def _date(self, word: str) -> Point:
        try:
            first = date.fromisoformat(word)
        except ValueError as error:
            raise PayloadError(f"{word} is no date") from error
        if not EARLIEST.year < first.year < LATEST.year:
            raise PayloadError(f"{word} is not within {EARLIEST.year} and {LATEST.year}")
        self.cursor.at += 1
        return Point(days=(first, first + timedelta(days=1)))

    def _period(self) -> Point | None:
        """This or last week, month, year; last friday; in november."""
        cursor = self.cursor
        shift = _SHIFTS.get(cursor.peek())
        if shift is None:
            return None
        unit = UNITS.get(cursor.peek(1))
        if unit in _PERIODS and len(cursor.peek(1)) > 1:
            cursor.at += 2
            return Point(days=self.clock.period(unit, shift))
        if cursor.peek(1) in WEEKDAYS and shift < 1:
            number = WEEKDAYS[cursor.peek(1)]
            first = self.clock.weekday(number, before=self.clock.today if shift else None)
            cursor.at += 2
            return Point(days=(first, first + timedelta(days=1)))
        return None

    def peek_period(self) -> bool:
        """Whether the word here is a unit of time or a weekday, as after "last"."""
        return self.cursor.peek() in UNITS or self.cursor.peek() in WEEKDAYS

    def _month_day(self) -> Point | None:
        """`nov 20`, `20 november 2026`, `november 20th`."""
        cursor = self.cursor
        first, second = cursor.peek(), cursor.peek(1)
        month, number = (first, second) if first in MONTHS else (second, first)
        found = _DAY_OF_MONTH.fullmatch(number)
        if month not in MONTHS or found is None:
            return None
        cursor.at += 2
        year = self.year()
        start, end = self.clock.month(MONTHS[month] + 1, year)
        day = start + timedelta(days=int(found[1]) - 1)
        if not start <= day < end:
            raise PayloadError(f"there is no {first} {second}")
        if year is None and day > self.clock.today:
            day = date(day.year - 1, day.month, min(day.day, 28 if day.month == 2 else day.day))
        return Point(days=(day, day + timedelta(days=1)))

    def year(self) -> int | None:
        """A year from 1971 on that stands here."""
        if not _YEAR.fullmatch(self.cursor.peek()):
            return None
        year = int(self.cursor.peek())
        if not EARLIEST.year < year < LATEST.year - 1:
            raise PayloadError(f"{year} is not within {EARLIEST.year} and {LATEST.year}")
        self.cursor.at += 1
        return year

    def first_day(self, point: Point) -> date:
        """The day that the point is on, or begins with."""
        if point.days:
            return point.days[0]
        if point.weekday is not None:
            day = self.clock.weekday(point.weekday)
            if point.hour and self.clock.instant(day, point.hour.time) > self.clock.now:
                day -= timedelta(days=7)
            return day
        return self.clock.recent(point.hour.time if point.hour else time(0))

    def start(self, point: Point) -> Bound:
        """Where what begins at this point begins."""
        if point.bound is not None:
            return point.bound
        return self.clock.instant(self.first_day(point), point.hour.time if point.hour else time(0))


def default_edge(kind: str) -> str:
    """The edge of a reference that "since" means."""
    return "end" if kind in _INSTANTANEOUS else "start"
