"""Calendars in and out (RFC 5545): events become shifts, shifts become events."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as day_time
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from alerts.oncall.plan import Shift
from opsportal.accounts.models import User
from opsportal.lib.errors import PayloadError
from opsportal.lib.rrule import DayRule, parse_rule
from opsportal.lib.windows import instant_of

MOST_EVENTS, MOST_SHIFTS = 5_000, 5_000
# A clock is set by less than this at once.
_SLACK = timedelta(days=2)
_PARTS = re.compile(r"[:,;()|/]|\s-\s")


@dataclass(frozen=True, slots=True)
class Entry:
    """One occurrence of an event: when, and the addresses and names it gives."""

    start: datetime
    end: datetime
    addresses: tuple[str, ...]
    summary: str


@dataclass(slots=True)
class Reading:
    """What a calendar says: whose shifts, and the summaries that name nobody."""

    shifts: list[tuple[User, Entry]] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)


def read_calendar(content: bytes, zone: ZoneInfo, start: datetime, end: datetime) -> list[Entry]:
    """All occurrences that reach into the time, in order. Raises PayloadError."""
    try:
        calendar: Any = Calendar.from_ical(content)
        events = list(calendar.walk("VEVENT"))
    except (ValueError, IndexError, KeyError, AttributeError, RecursionError) as error:
        raise PayloadError(f"This is no iCalendar: {error}") from error
    if calendar.name != "VCALENDAR":
        raise PayloadError("This is no iCalendar: it has no VCALENDAR.")
    if len(events) > MOST_EVENTS:
        raise PayloadError(f"More than {MOST_EVENTS} events: share a smaller calendar.")
    moved = _moved(events)
    entries: list[Entry] = []
    for event in events:
        try:
            entries.extend(_occurrences(event, zone, start, end, moved))
        except (
            ValueError, KeyError, TypeError, AttributeError, OverflowError, PayloadError,
        ) as error:  # fmt: skip
            summary = str(event.get("SUMMARY", ""))[:100]
            raise PayloadError(f"The event {summary!r} cannot be read: {error}") from error
        if len(entries) > MOST_SHIFTS:
            raise PayloadError(f"More than {MOST_SHIFTS} shifts: share a smaller calendar.")
    return sorted(entries, key=lambda entry: (entry.start, entry.end, entry.summary))


def match_people(entries: Iterable[Entry], people: Sequence[User]) -> Reading:
    """Whose each entry is: by an attendee's address, else by the name in its summary."""
    by_address = {user.email.casefold(): user for user in people if user.email}
    by_name: dict[str, User] = {}
    for user in people:
        for name in (user.get_full_name(), user.email, user.get_username()):
            if name:
                by_name[name.casefold()] = user
    reading = Reading()
    for entry in entries:
        found = _whose(entry, by_address, by_name)
        if found is None:
            reading.unknown.add(entry.summary or "(no title)")
        else:
            reading.shifts.append((found, entry))
    return reading


def _whose(
    entry: Entry, by_address: Mapping[str, User], by_name: Mapping[str, User]
) -> User | None:
    for address in entry.addresses:
        if address in by_address:
            return by_address[address]
    # `Payments: jo`, `jo (primary)`, `On call - Jo Doe`.
    for part in [entry.summary, *_PARTS.split(entry.summary)]:
        user = by_name.get(part.strip().casefold())
        if user is not None:
            return user
    return None


def _moved(events: Sequence[Any]) -> dict[str, set[datetime | date]]:
    """UID -> the starts of occurrences that an event of their own replaces."""
    found: dict[str, set[datetime | date]] = defaultdict(set)
    for event in events:
        recurrence = event.get("RECURRENCE-ID")
        if recurrence is not None:
            found[str(event.get("UID", ""))].add(recurrence.dt)
    return found


def _occurrences(
    event: Any,
    zone: ZoneInfo,
    start: datetime,
    end: datetime,
    moved: Mapping[str, set[datetime | date]],
) -> Iterator[Entry]:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    first = event["DTSTART"].dt
    summary = " ".join(str(event.get("SUMMARY", "")).split())[:300]
    addresses = tuple(_addresses(event))
    own = _zone_of(first, zone)
    length = _length(event, first, own)
    walls = [_wall(first, own)]
    if event.get("RECURRENCE-ID") is None:
        skipped = {_wall(instant, own) for instant in moved.get(str(event.get("UID", "")), ())}
        walls = sorted(_walls(event, first, own, (start - length, end)) - skipped)
    for wall in walls:
        begin = _instant(wall, own)
        if begin >= end:
            return
        # A whole day lasts until the clock shows the same again.
        over = _instant(wall + length, own) if _is_day(first) else begin + length
        if over > start and over > begin:
            yield Entry(begin, over, addresses, summary)


def _walls(
    event: Any, first: datetime | date, own: tzinfo, within: tuple[datetime, datetime]
) -> set[datetime]:
    """The starts within the time, on the wall clock of the event's zone."""
    begin = _wall(first, own)
    earliest, latest = (_wall(edge, own) for edge in within)
    found = {begin}
    for given in _list(event.get("RRULE")):
        rule = parse_rule(given.to_ical().decode().upper())
        last = min(latest + _SLACK, _last_of(rule, own) or latest + _SLACK)
        for day in rule.dates(begin.date(), (earliest - _SLACK).date()):
            wall = datetime.combine(day, begin.time())
            if wall > last:
                break
            found.add(wall)
    found |= set(_dates(event, "RDATE", own))
    return found - set(_dates(event, "EXDATE", own))


def _last_of(rule: DayRule, own: tzinfo) -> datetime | None:
    """The end of a rule on the wall clock, if it has one; a day counts to its end."""
    if not rule.until:
        return None
    if "T" not in rule.until:
        return datetime.combine(date.fromisoformat(rule.until), day_time.max)
    return _wall(datetime.fromisoformat(rule.until), own)


def _dates(event: Any, name: str, own: tzinfo) -> Iterator[datetime]:
    for dates in _list(event.get(name)):
        for found in dates.dts:
            moment = found.dt[0] if isinstance(found.dt, tuple) else found.dt
            yield _wall(moment, own)


def _length(event: Any, first: datetime | date, own: tzinfo) -> timedelta:
    if event.get("DTEND") is not None:
        last = event["DTEND"].dt
        if _is_day(first):
            return _wall(last, own) - _wall(first, own)
        zone = _zone_of(last, own)
        return _instant(_wall(last, zone), zone) - _instant(_wall(first, own), own)
    if event.get("DURATION") is not None:
        length: timedelta = event["DURATION"].dt
        return length
    return timedelta(days=1) if _is_day(first) else timedelta(0)


def _is_day(moment: datetime | date) -> bool:
    return not isinstance(moment, datetime)


def _zone_of(moment: datetime | date, default: tzinfo) -> tzinfo:
    """The zone it is said in; days and floating times are in the schedule's."""
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.tzinfo
    return default


def _wall(moment: datetime | date, own: tzinfo) -> datetime:
    if not isinstance(moment, datetime):
        return datetime.combine(moment, day_time.min)
    return moment.astimezone(own).replace(tzinfo=None) if moment.tzinfo else moment


def _instant(wall: datetime, own: tzinfo) -> datetime:
    if isinstance(own, ZoneInfo):
        return instant_of(wall, own)
    return wall.replace(tzinfo=own).astimezone(UTC)


def _addresses(event: Any) -> Iterator[str]:
    for attendee in _list(event.get("ATTENDEE")):
        yield str(attendee).strip().casefold().removeprefix("mailto:")


def _list(found: Any) -> list[Any]:
    if found is None:
        return []
    return list(found) if isinstance(found, list) else [found]


def write_calendar(
    name: str,
    host: str,
    pk: int,
    shifts: Iterable[Shift],
    people: Mapping[int, User],
    now: datetime,
) -> bytes:
    """Shifts as a calendar. A shift that stays keeps its UID, so calendars do not double it."""
    calendar = Calendar()
    calendar.add("prodid", "-//opsportal//on call//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"On call: {name}")
    calendar.add("refresh-interval", timedelta(minutes=30), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT30M")
    for shift in shifts:
        user = people[shift.user_id]
        event = Event()
        start = shift.start.astimezone(UTC)
        event.add("uid", f"oncall-{pk}-{shift.user_id}-{int(start.timestamp())}@{host}")
        event.add("dtstamp", now.astimezone(UTC))
        event.add("dtstart", start)
        event.add("dtend", shift.end.astimezone(UTC))
        who = user.get_full_name() or user.get_username()
        event.add("summary", f"{who} ({name})")
        event.add("description", f"On call for {name}, by {shift.source}.")
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text
