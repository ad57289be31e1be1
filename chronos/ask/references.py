"""References: "incident 42", "release 1.4 of api", "the last deploy of api"."""

import re

from chronos.ask.cursor import Cursor
from chronos.ask.names import KnownNames
from chronos.ask.reading import Reference
from chronos.ask.vocabulary import FILLERS, KIND_WORDS

_NUMBERED = {
    "incident": "incident",
    "incidents": "incident",
    "alert": "alert",
    "alerts": "alert",
    "event": "event",
    "release": "release",
    "freeze": "freeze",
}
_LATEST = frozenset({"last", "latest", "newest", "previous"})
_OF = ("of", "for", "to", "in", "on")
_DIGIT = re.compile(r"[0-9]")


def read_reference(cursor: Cursor, names: KnownNames) -> Reference | None:
    """The reference that stands here."""
    begun = cursor.at
    cursor.accept("the", "a", "our")
    found = _numbered(cursor, names) or _latest(cursor, names) or _freeze(cursor)
    if found is None:
        cursor.at = begun
    return found


def read_id(cursor: Cursor) -> str:
    """An id, which holds a digit: `42`, `#42`, `INC-42`, `v1.4`; else the empty string."""
    here = cursor.peek()
    if not _DIGIT.search(here) or ":" in here or len(here) > 100:
        return ""
    found = cursor.token().text.removeprefix("#")
    cursor.at += 1
    return found


def _numbered(cursor: Cursor, names: KnownNames) -> Reference | None:
    kind = _NUMBERED.get(cursor.peek())
    if kind is None:
        return None
    begun = cursor.at
    cursor.at += 1
    if not (found := read_id(cursor)):
        cursor.at = begun
        return None
    if kind != "release":
        return Reference(kind, found)
    return Reference(kind, found, *read_scope(cursor, names))


def _latest(cursor: Cursor, names: KnownNames) -> Reference | None:
    begun = cursor.at
    if cursor.peek() not in _LATEST:
        return None
    cursor.at += 1
    cursor.accept("successful", "finished")
    kind = KIND_WORDS.get(cursor.peek())
    if kind is None:
        cursor.at = begun
        return None
    cursor.at += 1
    return Reference(kind, "", *read_scope(cursor, names))


def _freeze(cursor: Cursor) -> Reference | None:
    return Reference("freeze") if cursor.accept("freeze", "freezes") else None


def read_scope(cursor: Cursor, names: KnownNames) -> tuple[str, str]:
    """The service and environment that follow: "of api in prod"."""
    found = {"service": "", "environment": ""}
    while cursor.peek() in _OF:
        ahead = 2 if cursor.peek(1) == "the" else 1
        word = cursor.peek(ahead)
        name = _field(cursor.peek(), word, names)
        if not name or found[name]:
            break
        token = cursor.tokens[cursor.at + ahead]
        found[name] = names.spelled(name, token.text) or token.text
        cursor.at += ahead + 1
    return found["service"], found["environment"]


def _field(preposition: str, word: str, names: KnownNames) -> str:
    if not word or ":" in word or word in FILLERS or word in _LATEST:
        return ""
    if names.spelled("environment", word) and not (
        preposition == "of" and names.spelled("service", word)
    ):
        return "environment"
    if names.spelled("service", word) or preposition in {"of", "for"}:
        return "service"
    return ""
