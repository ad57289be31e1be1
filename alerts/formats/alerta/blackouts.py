"""Alerta's blackouts as matchers of silences, and back.

A blackout names an environment, and may name a resource, event, group, origin and customer, which
must be equal, and services and tags, all of which an alert must have. It is for what came in by
Alerta's door; a silence made elsewhere is a blackout too, if it says the same in the same words.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from alerts.formats.alerta.body import Json, text_of, time_of, words_of
from alerts.formats.alerta.event import SOURCE, joined
from alerts.formats.alerta.write import endpoint, iso
from alerts.models import Silence
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import Matcher, MatcherError, Matchers, parse_matchers

DEFAULT_DURATION = 3600  # seconds
LONGEST_DURATION = 3660 * 86_400
# Alerta's name -> what matchers see.
_EQUAL: Mapping[str, str] = MappingProxyType(
    {
        "environment": "environment", "resource": "resource", "event": "name", "group": "group",
        "origin": "origin", "customer": "customer",
    }
)  # fmt: skip
_SUBSETS: Mapping[str, str] = MappingProxyType({"service": "services", "tags": "tags"})
_WORD = re.compile(r"\(\.\*,\)\?(.+)\(,\.\*\)\?", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Blackout(Struct, kw_only=True):
    """What is blacked out."""

    environment: str
    service: list[str] = []
    resource: str | None = None
    event: str | None = None
    group: str | None = None
    tags: list[str] = []
    origin: str | None = None
    customer: str | None = None

    @property
    def priority(self) -> int:
        """Alerta's; nothing here goes by it."""
        if self.origin:
            return 8
        if self.resource and not self.event:
            return 2
        if self.service:
            return 3
        if self.event and not self.resource:
            return 4
        if self.group:
            return 5
        if self.resource and self.event:
            return 6
        return 7 if self.tags else 0


def read_blackout(given: Json) -> Blackout:
    """What a JSON object names. Raises PayloadError."""
    if not given.get("environment"):
        raise _refused("environment", 'Missing mandatory value for "environment"')
    named: dict[str, Any] = {name: words_of(given, name) for name in _SUBSETS}
    for name in _EQUAL:
        if given.get(name) == "":
            raise _refused(name, f"{name} can not be an empty string")
        named[name] = text_of(given, name, 500) or None
    return Blackout(**named)


def read_times(given: Json, default: datetime) -> tuple[datetime, datetime]:
    """From when until when. Raises PayloadError."""
    starts_at = time_of(given, "startTime") or default
    ends_at = time_of(given, "endTime")
    if ends_at is None:
        seconds = given.get("duration") or DEFAULT_DURATION
        if not isinstance(seconds, int) or not 0 < seconds <= LONGEST_DURATION:
            raise _refused("duration", "duration must be a positive number of seconds")
        ends_at = starts_at + timedelta(seconds=seconds)
    return starts_at, ends_at


def match_of(blackout: Blackout) -> str:
    """The matchers that say so."""
    found = [Matcher("source", "=", SOURCE)]
    for name, label in _EQUAL.items():
        if value := getattr(blackout, name):
            found.append(Matcher(label, "=", value))
    for name, label in _SUBSETS.items():
        found += [Matcher(label, "=~", _holds(word)) for word in getattr(blackout, name)]
    return str(Matchers(tuple(found)))


def blackout_of(match: str) -> Blackout | None:
    """What the matchers of a silence name; None where they say something else."""
    try:
        items = parse_matchers(match).items
    except MatcherError:
        return None
    equal = {label: name for name, label in _EQUAL.items()}
    subsets = {label: name for name, label in _SUBSETS.items()}
    texts: dict[str, str] = {}
    lists: dict[str, list[str]] = {name: [] for name in _SUBSETS}
    for item in items:
        word = _WORD.fullmatch(item.value)
        if item.op == "=" and item.value and item.name in {*equal, "source"}:
            name = equal.get(item.name, "source")
            if name in texts:
                return None
            texts[name] = item.value
        elif item.op == "=~" and word and item.name in subsets:
            lists[subsets[item.name]].append(_ESCAPED.sub(r"\1", word[1]))
        else:
            return None
    if texts.pop("source", "") != SOURCE or "environment" not in texts:
        return None
    named: dict[str, Any] = {**texts, **lists}
    return Blackout(**named)


def write_blackout(silence: Silence, blackout: Blackout, now: datetime) -> dict[str, Any]:
    """A blackout as Alerta shows it."""
    number = str(silence.uuid)
    starts_at, ends_at = silence.starts_at, silence.ends_at or now
    return {
        "id": number,
        "href": endpoint(f"/blackout/{number}"),
        "priority": blackout.priority,
        "environment": blackout.environment,
        "service": blackout.service,
        "resource": blackout.resource,
        "event": blackout.event,
        "group": blackout.group,
        "tags": blackout.tags,
        "origin": blackout.origin,
        "customer": blackout.customer,
        "startTime": iso(starts_at),
        "endTime": iso(ends_at),
        "duration": int((ends_at - starts_at).total_seconds()),
        "status": silence.state_at(now),
        "remaining": max(0, int((ends_at - max(starts_at, now)).total_seconds())),
        "user": silence.author,
        "createTime": iso(silence.created_at),
        "text": silence.comment,
    }


def _holds(word: str) -> str:
    """A pattern of the joined lists that have it."""
    return f"(.*,)?{re.escape(joined([word]))}(,.*)?"


def _refused(name: str, message: str) -> PayloadError:
    return PayloadError(message, [FieldError(name, message)])
