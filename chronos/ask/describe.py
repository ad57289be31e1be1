"""A reading shown back: in words, as chips, and as a link, an API call and a curl line."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings

from chronos.ask.reading import Bound, Filter, Reading, Shape, Suggestion
from chronos.ask.write import write_bound, write_question, write_reference

PAGE, API = "/changes/", "/api/v1/ask"
_SHAPES = {
    Shape.LIST: "changes",
    Shape.COUNT: "how many changes",
    Shape.WHO: "who made changes",
    Shape.WHEN: "when changes were made",
    Shape.RUNNING: "what runs",
    Shape.DIFF: "what runs differently",
    Shape.SUSPECTS: "suspects",
}
_OPERATORS = {
    "=": "", "!=": "not ", "=*": "like ", "!=*": "not like ", "=~": "matching ",
    "!~": "not matching ",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of a reading in words, and the question without it (empty: it cannot be left out)."""

    text: str
    without: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """The same question elsewhere."""

    page: str
    api: str
    curl: str


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is shown of a reading."""

    chips: tuple[Chip, ...]
    question: str
    links: Links
    unknown: tuple[str, ...]
    notes: tuple[str, ...]
    suggestions: tuple[Suggestion, ...]


def describe_reading(reading: Reading, zone: ZoneInfo) -> str:
    """The reading in one line: what is asked, the exact interval with its zone, the conditions."""
    return " · ".join(chip.text for chip in _chips(reading, zone))


def show_reading(reading: Reading, zone: ZoneInfo) -> Shown:
    """What the page and the API show of a reading."""
    question = write_question(reading)
    return Shown(
        tuple(_chips(reading, zone)),
        question,
        links_to(question),
        reading.unknown,
        reading.notes,
        reading.suggestions,
    )


def links_to(question: str) -> Links:
    """The page, the API call and the curl line of a question."""
    query = urlencode({"q": question})
    api = f"{settings.PUBLIC_URL}{API}?{query}"
    curl = f'curl -H "Authorization: Bearer $KEY" {shlex.quote(api)}'
    return Links(f"{PAGE}?{query}", api, curl)


def describe_interval(since: datetime, until: datetime, zone: ZoneInfo) -> str:
    """Both ends as a clock on the wall shows them, with the zone."""
    start, end = since.astimezone(zone), until.astimezone(zone)
    same_day = start.date() == end.date() and start.utcoffset() == end.utcoffset()
    last = _wall(end).rpartition(" ")[2] if same_day else _wall(end)
    return f"{_wall(start)} to {last} {_zone_name(start, end, zone)}"


def describe_moment(moment: datetime, zone: ZoneInfo) -> str:
    """As a clock on the wall shows it, with the zone."""
    local = moment.astimezone(zone)
    return f"{_wall(local)} {_zone_name(local, local, zone)}"


def _wall(local: datetime) -> str:
    seconds = "seconds" if local.second or local.microsecond else "minutes"
    return f"{local:%a} {local.date()} {local.time().isoformat(seconds)}"


def _zone_name(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    if zone.key == "UTC":
        return "UTC"
    offsets = dict.fromkeys((start.strftime("%z"), end.strftime("%z")))
    return f"{zone.key} ({' to '.join(f'{o[:3]}:{o[3:5]}' for o in offsets)})"


def _chips(reading: Reading, zone: ZoneInfo) -> Iterator[Chip]:
    shape = _SHAPES[reading.shape]
    if reading.limit:
        shape = f"the newest {reading.limit} of: {shape}" if reading.limit > 1 else f"last: {shape}"
    yield Chip(shape)
    if reading.subject:
        yield Chip(f"of {write_reference(reading.subject)}")
    if reading.interval:
        yield Chip(_said(reading.interval.since, reading.interval.until, zone))
    for moment in reading.moments:
        yield Chip(f"at {_say_bound(moment, zone)}")
    if reading.compared:
        yield Chip(" and ".join(reading.compared))
    if reading.ongoing:
        yield Chip("not ended", write_question(replace(reading, ongoing=False)))
    for made in reading.filters:
        rest = tuple(other for other in reading.filters if other != made)
        yield Chip(_say_filter(made), write_question(replace(reading, filters=rest)))
    for word in reading.text:
        rest_of = tuple(other for other in reading.text if other != word)
        yield Chip(f"“{word}”", write_question(replace(reading, text=rest_of)))
    if reading.grouping:
        yield Chip(f"by {' and '.join(reading.grouping)}")


def _said(since: Bound, until: Bound, zone: ZoneInfo) -> str:
    if isinstance(since, datetime) and isinstance(until, datetime):
        return describe_interval(since, until, zone)
    return f"{_say_bound(since, zone)} to {_say_bound(until, zone)}"


def _say_bound(bound: Bound, zone: ZoneInfo) -> str:
    return describe_moment(bound, zone) if isinstance(bound, datetime) else write_bound(bound)


def _say_filter(made: Filter) -> str:
    words = _OPERATORS.get(made.op, f"{made.op} ")
    joint = " and " if made.field == "tag" and made.op == "=" else " or "
    return f"{made.field}: {words}{joint.join(value or 'none' for value in made.values)}"


def wider_questions(reading: Reading, now: datetime) -> list[Suggestion]:
    """Questions that ask more widely: four times as long, and without each condition."""
    wider: list[Suggestion] = []
    if reading.interval and reading.interval.exact:
        since, until = reading.interval.exact
        earlier = _earlier(since, 3 * (until - since), now)
        if earlier < since:
            longer = replace(reading, interval=replace(reading.interval, since=earlier))
            wider.append(Suggestion("", "four times as long", write_question(longer)))
    for made in reading.filters:
        rest = tuple(other for other in reading.filters if other != made)
        question = write_question(replace(reading, filters=rest))
        wider.append(Suggestion("", f"any {made.field}", question))
    if reading.text:
        wider.append(Suggestion("", "any text", write_question(replace(reading, text=()))))
    return wider


def _earlier(since: datetime, span: timedelta, now: datetime) -> datetime:
    earliest = now - timedelta(days=3653)
    return since if since <= earliest else max(since - span, earliest)
