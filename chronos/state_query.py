"""What of the state is asked for: one description for the pages, the API and questions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from chronos.settle import Place
from chronos.unify import with_canonical
from opsportal.lib.api import parse_time
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import MatcherError, Matchers, parse_matchers

ANYTHING = Matchers()
PLACE = Place._fields
# What matchers may name; those that are no part of the place are asked of what ran then.
STATE_FIELDS: Mapping[str, str] = MappingProxyType(
    {name: name for name in (*PLACE, "version", "kind", "team", "actor", "source")}
    | {"app": "service", "env": "environment"}
)
_MOST_VALUES, _LONGEST = 100, 300
_MATCHER_LIKE = re.compile(r"\s*(\{|[\w:]+\s*(=|!|<|>))")


@dataclass(frozen=True, slots=True)
class StateQuery:
    """Where to look, and when (`at`; None: now). An empty field asks nothing."""

    service: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    # In a service's name.
    text: str = ""
    matchers: Matchers = ANYTHING
    at: datetime | None = None


def read_state_query(params: Mapping[str, Sequence[str]], *, now: datetime) -> StateQuery:
    """The query of URL parameters. Raises PayloadError.

    Several values of a field are given by repeating it or with commas, and are alternatives; `q`
    is a search box: matchers when it looks like them, else a part of a service's name.
    """
    lists = {name: with_canonical(name, read_list(params, name, *also)) for name, *also in _LISTS}
    text = read_word(params, "q")
    box = text if _MATCHER_LIKE.match(text) else ""
    at = read_word(params, "at")
    return StateQuery(
        **lists,
        text="" if box else text,
        matchers=_matchers(box, "q") if box else _matchers(_last(params, "match"), "match"),
        at=read_moment(at, "at", now=now),
    )


# Parameters and what they may be called as well.
_LISTS = (("service", "app"), ("environment", "env"), ("region",))


def read_moment(text: str, field: str, *, now: datetime) -> datetime | None:
    """The moment that is meant, none for now. Raises PayloadError for one to come."""
    moment = parse_time(text, now=now, field=field) if text else now
    if moment > now:
        raise _refused(field, f"{text[:60]!r} is yet to come; nobody knows what will run then")
    return moment if text and moment < now else None


def read_word(params: Mapping[str, Sequence[str]], name: str) -> str:
    """One parameter without blanks around it, empty where it is not given. Raises PayloadError."""
    return _storable(_last(params, name).strip(), name)


def read_list(params: Mapping[str, Sequence[str]], *names: str) -> tuple[str, ...]:
    """All values of a parameter and of its synonyms. Raises PayloadError."""
    given = [text for name in names for text in params.get(name, ())]
    parts = [part.strip() for text in given for part in text.split(",")]
    if len(parts) > _MOST_VALUES:
        raise _refused(names[0], f"must be at most {_MOST_VALUES} values")
    return tuple(_storable(part, names[0]) for part in parts if part)


def _last(params: Mapping[str, Sequence[str]], name: str) -> str:
    given = params.get(name, ())
    return given[-1] if given else ""


def _storable(text: str, name: str) -> str:
    unreadable = any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text)
    if unreadable or len(text) > _LONGEST:
        raise _refused(name, f"must be at most {_LONGEST} characters of valid text without NUL")
    return text


def _matchers(text: str, field: str) -> Matchers:
    try:
        matchers = parse_matchers(text)
    except MatcherError as error:
        raise PayloadError(error.message, [FieldError(field, error.message)]) from error
    for item in matchers.items:
        if item.name not in STATE_FIELDS:
            known = ", ".join(STATE_FIELDS)
            raise _refused(field, f"{item.name[:60]!r} is not known of what runs; there is {known}")
    return matchers


def _refused(field: str, message: str) -> PayloadError:
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])
