"""What may stand in a member of a message: whatever has the wrong type is as good as absent."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

import msgspec

from alerts.normalise import SEVERITY_RANK, SEVERITY_SYNONYMS
from opsportal.lib.contracts import check_instant

MOST_PAIRS, LONGEST_NAME, LONGEST_VALUE = 100, 200, 4096
_json = msgspec.json.Decoder()


def text(value: object, cut: int) -> str:
    """As a text that fits its column; empty for what is none."""
    if isinstance(value, str):
        return value[:cut].replace("\0", "\ufffd")
    if isinstance(value, int | float):
        return msgspec.json.encode(value).decode()[:cut]
    return ""


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
    """ISO 8601, also with `+0000`, or the way of HTTP (RFC 9110); None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        try:
            found = parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            return None
    try:
        return check_instant(found if found.tzinfo else found.replace(tzinfo=UTC))
    except ValueError:
        return None


def inner(value: object) -> Mapping[str, Any]:
    """The members of JSON that stands in a text; empty for what is none."""
    if not isinstance(value, str):
        return {}
    try:
        return table(_json.decode(value))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return {}


def pairs(value: object) -> dict[str, str]:
    """Names and values: as an object, or as a list of `{"Key": ..., "Value": ...}`."""
    if isinstance(value, dict):
        return labels(value.items())
    found = []
    for row in map(table, rows(value)):
        members = {name.lower(): member for name, member in row.items()}
        found.append((members.get("key", members.get("name")), members.get("value")))
    return labels(found)


def labels(given: Iterable[tuple[object, object]]) -> dict[str, str]:
    """What can be labels of them, the first hundred."""
    found: dict[str, str] = {}
    for name, value in given:
        said = text(value, LONGEST_VALUE)
        if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and said:
            found.setdefault(text(name, LONGEST_NAME), said)
        if len(found) == MOST_PAIRS:
            break
    return found


def tag(tags: Mapping[str, str], *names: str) -> str:
    """The first of these that is there, in whatever case; empty when none is."""
    lower = {name.lower(): value for name, value in tags.items()}
    return next((lower[name] for name in names if lower.get(name)), "")


def severity(hints: Mapping[str, str], default: str) -> str:
    """What tags or attributes say of it, in our words."""
    said = tag(hints, "severity", "priority").lower()
    return said if said in SEVERITY_RANK else SEVERITY_SYNONYMS.get(said, default)


def web_console(region: str, partition: str = "aws") -> str:
    """The address of the web console for a region; empty for what is no region."""
    if not region or not region.replace("-", "").isalnum() or not region.isascii():
        return ""
    domains = {"aws-cn": "amazonaws.cn", "aws-us-gov": "amazonaws-us-gov.com"}
    return f"https://{region}.console.{domains.get(partition, 'aws.amazon.com')}"
