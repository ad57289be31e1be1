"""Times that come again: weekly hours as people write them, and recurrences by RFC 5545.

Both are meant in the wall time of an IANA zone, so that 09:00 stays 09:00 when the clocks change.
A wall time that the clocks skip is read with the offset from before (RFC 5545, 3.3.5); one that
comes twice is the first. `now` and all answers are aware; durations are elapsed time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from opsportal.lib.errors import PayloadError
from opsportal.lib.rrule import HORIZON, parse_rule

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(
    r"(?:(?P<days>[A-Za-z][A-Za-z,\- ]*?)\s+)?(?P<start>\d\d?:\d\d)\s*-\s*(?P<end>\d\d?:\d\d)"
    r"(?:\s+(?P<zone>[A-Za-z_+\-/0-9]+))?"
)
# More than one would write by hand, few enough to ask for each alert.
_MOST_SPANS = 20
_MOST_TEXT = 1000
_LONGEST = timedelta(days=31)
# Hours that never end are looked at for so long.
_LONGEST_HOURS = timedelta(days=8)
# More than any zone's clocks have been put back or forth at once.
_SLACK = timedelta(days=2)

Window = tuple[datetime, datetime]


@lru_cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that IANA name. Raises PayloadError."""
    if name not in _zones():
        raise PayloadError(f"{name!r} is no time zone; write one such as Europe/Berlin or UTC.")
    return ZoneInfo(name)


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which a clock on that wall shows this."""
    return wall.replace(tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Span:
    """One line of hours; an end not after the start is on the next day."""

    days: frozenset[int]
    start: time
    end: time
    zone: ZoneInfo

    def window_on(self, day: date) -> Window | None:
        """What it means on a day of its zone."""
        if day.weekday() not in self.days:
            return None
        last = day if self.end > self.start else day + timedelta(days=1)
        start = instant_of(datetime.combine(day, self.start), self.zone)
        return start, instant_of(datetime.combine(last, self.end), self.zone)


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly hours; none at all hold never."""

    spans: tuple[_Span, ...]

    def holds(self, now: datetime) -> bool:
        """Whether `now` lies in them; the start belongs to them, the end does not."""
        return self.window_at(now) is not None

    def window_at(self, now: datetime) -> Window | None:
        """The hours that `now` lies in; those that follow without a gap belong to them."""
        around = self._around(now)
        if not around:
            return None
        start, end = min(start for start, _ in around), max(end for _, end in around)
        while end < now + _LONGEST_HOURS and (more := self._around(end)):
            end = max(end for _, end in more)
        return start, end

    def _around(self, now: datetime) -> list[Window]:
        return [
            window
            for span in self.spans
            for days in (-1, 0)
            if (window := span.window_on(now.astimezone(span.zone).date() + timedelta(days=days)))
            and window[0] <= now < window[1]
        ]

    def windows_between(self, start: datetime, end: datetime) -> list[Window]:
        """The hours within the two times: in order, without overlap, cut to them."""
        found: list[Window] = []
        for span in self.spans:
            day = start.astimezone(span.zone).date() - timedelta(days=1)
            last = end.astimezone(span.zone).date()
            while day <= last:
                window = span.window_on(day)
                if window and window[0] < end and window[1] > start and window[0] < window[1]:
                    found.append((max(window[0], start), min(window[1], end)))
                day += timedelta(days=1)
        merged: list[Window] = []
        for window in sorted(found):
            if merged and window[0] <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], window[1]))
            else:
                merged.append(window)
        return merged

    def next_window(self, now: datetime) -> Window | None:
        """The first hours that end after `now`; they may have begun."""
        coming = (
            window
            for span in self.spans
            for days in range(-1, 9)
            if (window := span.window_on(now.astimezone(span.zone).date() + timedelta(days=days)))
            and now < window[1]
        )
        return min(coming, default=None)


@lru_cache(maxsize=1024)
def parse_hours(text: str, default_zone: str = "UTC") -> Hours:
    """Hours of a text such as `mon-fri 09:00-17:00 Europe/Berlin; sat,sun 10:00-14:00`.

    Pieces are parted by `;` or line ends; without days every day is meant, without a zone
    `default_zone`. An end not after its start is on the next day. Raises PayloadError.
    """
    if len(text) > _MOST_TEXT:
        raise PayloadError(f"Hours have at most {_MOST_TEXT} characters.")
    pieces = [piece.strip() for piece in re.split(r"[;\n]", text) if piece.strip()]
    if len(pieces) > _MOST_SPANS:
        raise PayloadError(f"At most {_MOST_SPANS} pieces of hours.")
    return Hours(tuple(_span(piece, default_zone) for piece in pieces))


def _span(piece: str, default_zone: str) -> _Span:
    found = _SPAN.fullmatch(piece)
    if not found:
        raise PayloadError(
            f"{piece!r} is not understood; write days, hours and zone: "
            "mon-fri 09:00-17:00 Europe/Berlin"
        )
    return _Span(
        _days(found["days"] or "mon-sun"),
        _time(found["start"], last=(23, 59)),
        _time(found["end"], last=(24, 0)),
        zone_of(found["zone"] or default_zone),
    )


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if first not in DAYS or last not in DAYS:
            raise PayloadError(f"{part!r} is no day; days are {', '.join(DAYS)}, or mon-fri.")
        start, end = DAYS.index(first), DAYS.index(last)
        days.update(number % 7 for number in range(start, end + (1 if end >= start else 8)))
    return frozenset(days)


def _time(text: str, last: tuple[int, int]) -> time:
    hour, minute = (int(part) for part in text.split(":"))
    if minute > 59 or (hour, minute) > last:
        raise PayloadError(f"{text!r} is no time of day.")
    return time(hour % 24, minute)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Windows that begin by an RRULE, from the first at `starts_at`, each of `duration`.

    A day on which the rule comes has its window at the time of day of `starts_at`.
    """

    rule: str
    zone: str
    starts_at: datetime
    duration: timedelta
    until: datetime | None = None

    def window_at(self, now: datetime) -> Window | None:
        """The window that `now` lies in, the one that ends last."""
        found = None
        for start, end in self._from(now - self.duration):
            if start > now:
                break
            if now < end:
                found = (start, end)
        return found

    def next_windows(self, now: datetime, count: int = 5) -> list[Window]:
        """Those that end after `now`, in order."""
        found: list[Window] = []
        for start, end in self._from(now - self.duration):
            if len(found) == count:
                break
            if end > now:
                found.append((start, end))
        return found

    def windows_between(self, start: datetime, end: datetime) -> list[Window]:
        """Those that overlap the two times, in order; within them or not."""
        found: list[Window] = []
        for window in self._from(start - self.duration):
            if window[0] >= end:
                break
            if window[1] > start:
                found.append(window)
        return found

    def _from(self, instant: datetime) -> Iterator[Window]:
        """The windows from about that instant on."""
        zone, rule = zone_of(self.zone), parse_rule(self.rule)
        first = self.starts_at.astimezone(zone).replace(tzinfo=None, fold=0)
        last = _last_wall(rule.until, zone)
        after = max(instant, self.starts_at).astimezone(zone).date() - _SLACK
        for day in rule.dates(first.date(), after):
            wall = datetime.combine(day, first.time())
            start = instant_of(wall, zone)
            if (last and wall > last) or (self.until is not None and start >= self.until):
                return
            end = start + self.duration
            yield start, end if self.until is None else min(end, self.until)


def _last_wall(until: str, zone: ZoneInfo) -> datetime | None:
    """An RRULE's UNTIL as a clock on the wall of the zone shows it; a day counts to its end."""
    if not until:
        return None
    try:
        if "T" not in until:
            return datetime.combine(datetime.strptime(until, "%Y%m%d"), time.max)  # noqa: DTZ007
        wall = datetime.strptime(until.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
        if not until.endswith("Z"):
            return wall
        return wall.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise PayloadError(f"UNTIL={until} is no time.") from error


def parse_recurrence(
    rule: str, zone: str, starts_at: datetime, duration: timedelta, until: datetime | None = None
) -> Recurrence:
    """A recurrence that has been tried out. Raises PayloadError that says what is wrong.

    The RRULE gives no DTSTART, and its FREQ is DAILY or rarer.
    """
    text = rule.strip().upper().removeprefix("RRULE:")
    if not timedelta(0) < duration <= _LONGEST:
        raise PayloadError("A recurring window lasts more than nothing and at most 31 days.")
    zone_of(zone)
    parse_rule(text)
    recurrence = Recurrence(text, zone, starts_at, duration, until)
    if not recurrence.next_windows(starts_at, 1):
        years = HORIZON // timedelta(days=365)
        raise PayloadError(f"{rule!r} never comes within {years} years of its start.")
    return recurrence
