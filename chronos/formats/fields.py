"""What a JSON object says in the words of our own events, whatever contract it came by."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from chronos.formats.words import status_of
from opsportal.lib.contracts import check_instant

# Field of a change -> the names that senders have for it; the first that is there fills it.
_TEXTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "service": ("service", "app", "application"),
        "environment": ("environment", "env"),
        "region": ("region",),
        "version": ("version", "revision"),
        "previous_version": ("previous_version",),
        "kind": ("kind",),
        "action": ("action",),
        "title": ("title", "summary"),
        "body": ("body", "description"),
        "team": ("team",),
        "subject": ("subject",),
        "artifact": ("artifact", "artifact_id"),
        "commit": ("commit", "sha"),
        "repository": ("repository", "repo"),
        "correlation_id": ("correlation_id", "chain_id"),
        "causation_id": ("causation_id",),
        "external_id": ("external_id", "dedup_key"),
    }
)
_NOTHING: tuple[object, ...] = ("", (), {}, None)
_INSTANTS = ("started_at", "ended_at", "expected_end_at")
# Not "author": who wrote a commit need not be who deployed it.
_ACTORS = ("actor", "user")
_HUMAN, _MACHINES = ("user", "person", "human"), ("automation", "bot", "service", "system")
LONGEST_URL, LONGEST_LINK_TEXT, MOST_LABELS = 1000, 300, 100
LONGEST_LABEL = 1000
_instant = msgspec.json.Decoder(datetime)


def take_fields(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments of a Change, `kind` as it is said, and what of the object is left.

    What has the name of a field but is nothing that it can hold stays with the rest: another's
    contract may mean something else by it.
    """
    rest = dict(data)
    taken: dict[str, Any] = {}
    for field, names, read in _READERS:
        for name in names:
            if name in rest and (value := read(rest[name])) not in _NOTHING:
                taken[field] = value
                del rest[name]
                break
    for name in _ACTORS:
        if actor := actor_of(rest.get(name)):
            taken |= actor
            del rest[name]
            break
    return taken, rest


def _readers() -> Iterator[tuple[str, tuple[str, ...], Callable[[Any], Any]]]:
    """Field, the names that senders have for it, and what reads it."""
    for field, names in _TEXTS.items():
        yield field, names, text_of
    for field in _INSTANTS:
        yield field, (field,), read_instant
    yield "status", ("status", "outcome"), lambda given: status_of(text_of(given))
    yield "severity", ("severity",), _severity
    yield "tags", ("tags",), _tags
    yield "links", ("links",), links_of
    yield "labels", ("labels",), _labels
    for field in ("before", "after"):
        yield field, (field,), lambda given: given


def text_of(value: object) -> str:
    """A text or number as text; of anything else the empty text."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return msgspec.json.encode(value).decode()
    return ""


def read_instant(given: object) -> datetime | None:
    """RFC 3339 with its offset; None for all else, since nobody knows where a naive time is."""
    if not isinstance(given, str):
        return None
    try:
        instant = _instant.decode(msgspec.json.encode(given.strip()))
        return check_instant(instant) if instant.tzinfo else None
    except (msgspec.MsgspecError, ValueError):
        return None


def actor_of(given: object) -> dict[str, str]:
    """`actor`, `actor_type` and `actor_email` of a name, or of an object that has one."""
    if not isinstance(given, dict):
        return {"actor": text} if (text := text_of(given)) else {}
    name = next(
        (t for n in ("name", "login", "username", "id") if (t := text_of(given.get(n)))), ""
    )
    email = text_of(given.get("email"))
    if not (name or email):
        return {}
    kind = text_of(given.get("type")).lower()
    ours = "user" if kind in _HUMAN else "automation" if kind in _MACHINES else ""
    return {"actor": name or email, "actor_type": ours, "actor_email": email}


def links_of(given: object) -> tuple[Mapping[str, str], ...]:
    """Those that a browser may open, once each."""
    found: dict[str, Mapping[str, str]] = {}
    for item in given if isinstance(given, list) else ():
        link = {"href": item} if isinstance(item, str) else item
        if isinstance(link, dict) and (made := web_link(link.get("href"), link.get("text"))):
            if rel := text_of(link.get("rel")):
                made["rel"] = rel[:100]
            found.setdefault(made["href"], made)
    return tuple(found.values())


def web_link(href: object, text: object = "") -> dict[str, str]:
    """A link; empty where it is nothing that a browser may open."""
    address = text_of(href)
    if not address.startswith(("http://", "https://")) or len(address) > LONGEST_URL:
        return {}
    return {"href": address, "text": text_of(text)[:LONGEST_LINK_TEXT]}


def _severity(given: object) -> int | None:
    whole = isinstance(given, int) and not isinstance(given, bool)
    return given if whole and 0 <= given <= 5 else None  # type: ignore[operator,return-value]


def _tags(given: object) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(tag, str) for tag in given):
        return ()
    return tuple(given)


def _labels(given: object) -> dict[str, str]:
    return dict(_pairs(given)) if isinstance(given, dict) else {}


def _pairs(given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in list(given.items())[:MOST_LABELS]:
        text = msgspec.json.encode(value).decode() if isinstance(value, bool) else text_of(value)
        if name and text:
            yield name[:200], text[:LONGEST_LABEL]


_READERS = tuple(_readers())
