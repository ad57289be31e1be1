"""From a reading's conditions to those that a search of changes takes."""

from collections.abc import Sequence
from typing import Any

from chronos.ask.reading import Filter, Reading
from chronos.ask.resolve import Window
from chronos.search import LISTS, EventQuery
from opsportal.lib.errors import PayloadError
from opsportal.lib.matchers import Matcher, Matchers

_SPECIAL_IN_PATTERNS = frozenset("\\.+*?()[]{}^$|")


def query_of(reading: Reading, window: Window) -> EventQuery:
    """The search of the reading in one interval. Raises PayloadError."""
    asked: dict[str, Any] = {}
    matchers: list[Matcher] = []
    for made in reading.filters:
        if made.op == "=" and made.field in LISTS and "" not in made.values:
            asked[made.field] = made.values
        elif made.field == "tag":
            if made.op != "=":
                raise PayloadError("changes can be looked for by whole tags only: #hotfix")
            asked["tags"] = made.values
        else:
            matchers += matchers_of(made)
    return EventQuery(
        **asked,
        text=tuple(word for word in reading.text if " " not in word),
        phrases=tuple(phrase for phrase in reading.text if " " in phrase),
        matchers=Matchers(tuple(matchers)),
        unfinished=reading.ongoing,
        since=window.since,
        until=window.until,
    )


def matchers_of(made: Filter) -> list[Matcher]:
    """The condition in the language of matchers."""
    name, op, values = made.field, made.op, made.values
    if op in {"=*", "!=*"}:
        pattern = "|".join(_pattern(value) for value in values)
        return [Matcher(name, "=~" if op == "=*" else "!~", pattern)]
    if op == "!=":
        return [Matcher(name, op, value) for value in values]
    if len(values) > 1:
        return [Matcher(name, "=~", "|".join(map(_escaped, values)))]
    return [Matcher(name, op, values[0])]


def matchers_of_all(filters: Sequence[Filter]) -> Matchers:
    """All of them as one."""
    return Matchers(tuple(matcher for made in filters for matcher in matchers_of(made)))


def _pattern(glob: str) -> str:
    return ".*".join(_escaped(part) for part in glob.split("*"))


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in _SPECIAL_IN_PATTERNS else char for char in text)
