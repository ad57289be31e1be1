"""One form for all documents that mean the same.

Grammar: "Grammar of the IAM JSON policy language" in the IAM user guide. What is no document of
that grammar stays as it is, under `Malformed`.
"""

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

import msgspec

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
# Unique ids that AWS shows in place of an ARN whose principal is gone, or was made anew.
_UNIQUE = re.compile(r"A(?:ROA|IDA|GPA|NPA|IPA)[A-Z0-9]{12,}", re.ASCII)
_WORDS = ("Action", "NotAction", "Resource", "NotResource")
_ACTIONS = ("Action", "NotAction")
_PRINCIPALS = ("Principal", "NotPrincipal")
MALFORMED = "Malformed"
# Levels of tables and lists; a policy's own grammar has seven.
_DEEPEST = 16
# What all databases keep as a number.
_LARGEST = 1 << 53
_HALF = re.compile("[\ud800-\udfff]")


def canonical_policy(document: Any, principals: Mapping[str, str] | None = None) -> Any:
    """The document with everything sorted whose order means nothing.

    `principals` gives the ARN of unique ids. Sids stay: they are no rights, but somebody wrote
    them. None for none.
    """
    if document is None or document == "":
        return None
    read = document
    if isinstance(document, str):
        try:
            read = json.loads(document)
        except (ValueError, RecursionError):
            return {MALFORMED: _storable(document)}
    if not isinstance(read, dict) or read.keys() == {MALFORMED}:
        return read if isinstance(read, dict) else {MALFORMED: _storable(document)}
    statements = read.get("Statement", [])
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not _is_sound(read):
        return {MALFORMED: _storable(document)}
    known = principals or {}
    found = [_statement(row, known) if isinstance(row, dict) else row for row in statements]
    return {**read, "Statement": sorted(found, key=_order)}


def _is_sound(document: Any) -> bool:
    """Whether it is no deeper than a policy may be, and holds only what JSON and UTF-8 can say."""
    level = [document]
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            elif not _is_plain(value):
                return False
        level = inner
    return not level


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return value.isascii() or not _HALF.search(value)
    if isinstance(value, int):
        return abs(value) <= _LARGEST
    return value is None or (isinstance(value, float) and isfinite(value))


def _storable(document: Any) -> str:
    """What is no policy, as a text: whether it changes can still be seen."""
    if isinstance(document, str):
        return _HALF.sub("\N{REPLACEMENT CHARACTER}", document)
    try:
        return _HALF.sub("\N{REPLACEMENT CHARACTER}", json.dumps(document, default=str))
    except (ValueError, TypeError, RecursionError):
        return "neither JSON nor anything that can be written as JSON"


def _order(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _statement(row: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name in _WORDS:
            words = _texts(value)
            if name in _ACTIONS:
                words = [word.lower() for word in words]
            found[name] = sorted(set(words))
        elif name in _PRINCIPALS:
            found[name] = _principal(value, known)
        elif name == "Condition" and isinstance(value, dict):
            found[name] = _condition(value)
        else:
            found[name] = value
    return found


def _texts(value: Any) -> list[str]:
    """One value or many, as texts: `true` is "true"."""
    values = value if isinstance(value, list) else [value]
    return [text if isinstance(text, str) else json.dumps(text, sort_keys=True) for text in values]


def _principal(value: Any, known: Mapping[str, str]) -> Any:
    if value == "*":
        return {"AWS": ["*"]}
    if not isinstance(value, dict):
        return value
    return {
        kind: sorted({_who(name, known) if kind == "AWS" else name for name in _texts(names)})
        for kind, names in value.items()
    }


def _who(name: str, known: Mapping[str, str]) -> str:
    if _ACCOUNT.fullmatch(name):
        return f"arn:aws:iam::{name}:root"
    if _UNIQUE.fullmatch(name):
        return known.get(name, name)
    return name


def _condition(value: Mapping[str, Any]) -> dict[str, Any]:
    """Operators as they are, keys in small letters, values sorted lists of texts."""
    found: dict[str, Any] = {}
    for operator, block in value.items():
        if not isinstance(block, dict):
            found[operator] = block
            continue
        keys: dict[str, set[str]] = {}
        for key, values in block.items():
            keys.setdefault(key.lower(), set()).update(_texts(values))
        found[operator] = {key: sorted(values) for key, values in keys.items()}
    return found
