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

from dateutil.rrule import rrule, rrulestr

from opsportal.lib.errors import PayloadError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(
    r"(?:(?P<days>[a-z,\- ]+?)\s+)?(?P<start>\d\d?:\d\d)\s*-\s*(?P<end>\d\d?:\d\d)"
    r"(?:\s+(?P<zone>[A-Za-z_+\-/0-9]+))?"
)
# More than one would write by hand, few enough to ask for each alert.
_MOST_SPANS = 20
_LONGEST = timedelta(days=31)
_HORIZON = timedelta(days=366 * 5)

Window = tuple[datetime, datetime]


@lru_cache
def zone_of(name: str) -> ZoneInfo:
    """The zone of that IANA name. Raises PayloadError."""
    if name not in available_timezones():
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
        """The hours that `now` lies in, up to the latest end."""
        around = [
            window
            for span in self.spans
            for days in (-1, 0)
            if (window := span.window_on(now.astimezone(span.zone).date() + timedelta(days=days)))
            and window[0] <= now < window[1]
        ]
        if not around:
            return None
        return min(start for start, _ in around), max(end for _, end in around)

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
    pieces = [piece.strip() for piece in re.split(r"[;\n]", text) if piece.strip()]
    if len(pieces) > _MOST_SPANS:
        raise PayloadError(f"At most {_MOST_SPANS} pieces of hours.")
    return Hours(tuple(_span(piece, default_zone) for piece in pieces))


def _span(piece: str, default_zone: str) -> _Span:
    found = _SPAN.fullmatch(piece) or _SPAN.fullmatch(piece[:1].lower() + piece[1:])
    if not found:
        raise PayloadError(
            f"{piece!r} is not understood; write days, hours and zone: "
            "mon-fri 09:00-17:00 Europe/Berlin"
        )
    return _Span(
        _days(found["days"] or "mon-sun"),
        _time(found["start"]),
        _time(found["end"]),
        zone_of(found["zone"] or default_zone),
    )


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise PayloadError(f"{part!r} is no day; days are {', '.join(DAYS)}, or mon-fri.")
        start, end = DAYS.index(first), DAYS.index(last or first)
        days.update(number % 7 for number in range(start, end + (1 if end >= start else 8)))
    return frozenset(days)


def _time(text: str) -> time:
    hour, minute = (int(part) for part in text.split(":"))
    if (hour, minute) == (24, 0):
        return time(0)
    if hour > 23 or minute > 59:
        raise PayloadError(f"{text!r} is no time of day.")
    return time(hour, minute)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Windows that begin by an RRULE, from the first at `starts_at`, each of `duration`."""

    rule: str
    zone: str
    starts_at: datetime
    duration: timedelta
    until: datetime | None = None

    def window_at(self, now: datetime) -> Window | None:
        """The window that `now` lies in, the one that ends last."""
        around = self._from(now - self.duration - timedelta(hours=3))
        found = None
        for start, end in around:
            if start > now:
                break
            if now < end:
                found = (start, end)
        return found

    def next_windows(self, now: datetime, count: int = 5) -> list[Window]:
        """Those that end after `now`, in order."""
        found: list[Window] = []
        for start, end in self._from(now - self.duration - timedelta(hours=3)):
            if len(found) == count or start > now + _HORIZON:
                break
            if end > now:
                found.append((start, end))
        return found

    def _from(self, instant: datetime) -> Iterator[Window]:
        zone = zone_of(self.zone)
        rule = _rule(self.rule, self.starts_at.astimezone(zone).replace(tzinfo=None))
        for wall in rule.xafter(instant.astimezone(zone).replace(tzinfo=None), inc=True):
            start = instant_of(wall, zone)
            if self.until is not None and start >= self.until:
                return
            end = start + self.duration
            yield start, end if self.until is None else min(end, self.until)


@lru_cache(maxsize=256)
def _rule(text: str, first: datetime) -> rrule:
    found = rrulestr(text, dtstart=first, cache=True)
    if not isinstance(found, rrule):
        raise PayloadError("Write one RRULE, such as FREQ=WEEKLY;BYDAY=SU.")
    return found


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
    if "DTSTART" in text or "\n" in text:
        raise PayloadError("Write one RRULE; its first time is the start of the silence.")
    if not re.search(r"FREQ=(YEARLY|MONTHLY|WEEKLY|DAILY)\b", text):
        raise PayloadError("FREQ is YEARLY, MONTHLY, WEEKLY or DAILY.")
    try:
        _rule(text, starts_at.astimezone(zone_of(zone)).replace(tzinfo=None))
    except (ValueError, KeyError, TypeError) as error:
        raise PayloadError(
            f"{rule!r} is no RRULE ({error}); write one such as FREQ=WEEKLY;BYDAY=SU."
        ) from error
    recurrence = Recurrence(text, zone, starts_at, duration, until)
    if not recurrence.next_windows(starts_at, 1):
        raise PayloadError(f"{rule!r} never comes within five years of its start.")
    return recurrence
