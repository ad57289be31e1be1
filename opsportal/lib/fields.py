"""What may stand in a member of foreign JSON: whatever has the wrong type is as good as absent."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

import msgspec

from opsportal.lib.contracts import check_instant

_json = msgspec.json.Decoder()


def text(value: object, cut: int) -> str:
    """As a text that fits its column; empty for what is none."""
    if isinstance(value, str):
        return value[:cut].replace("\0", "\ufffd")
    if isinstance(value, int | float):
        return msgspec.json.encode(value).decode()[:cut]
    return ""


def clean(said: str) -> str:
    """The text as any database keeps it: no NUL, no half of a surrogate pair."""
    if "\0" in said:
        said = said.replace("\0", "\N{SYMBOL FOR NULL}")
    if said.isascii():
        return said
    return said.encode("utf-8", "replace").decode()


def table(value: object) -> Mapping[str, Any]:
    """As members by name; empty for what has none."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Any]:
    """As a list; empty for what is none."""
    return value if isinstance(value, list) else []


def number(value: object) -> float | None:
    """As a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if isfinite(found) else None


def instant(value: object) -> datetime | None:
    """ISO 8601, also with `+0000` or ` UTC`, or the way of HTTP (RFC 9110); None for others."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.removesuffix(" UTC"))
    except ValueError:
        try:
            found = parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            return None
    try:
        return check_instant(found if found.tzinfo else found.replace(tzinfo=UTC))
    except ValueError:
        return None


def unix_instant(value: object) -> datetime | None:
    """Seconds since 1970, also in a text; None for others."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    seconds = number(value)
    try:
        return None if seconds is None else check_instant(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def inner(value: object) -> Mapping[str, Any]:
    """The members of JSON that stands in a text; empty for what is none."""
    if not isinstance(value, str):
        return {}
    try:
        return table(_json.decode(value))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return {}
