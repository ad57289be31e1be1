"""Values that several sections of configuration files have, read with their place in the file."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from opsportal.lib.api import parse_time
from opsportal.lib.confignode import Node
from opsportal.lib.durations import parse_duration
from opsportal.lib.errors import PayloadError

Value = TypeVar("Value")


def read_duration(node: Node) -> timedelta:
    """`5m`, `1h30m`, or seconds."""
    if type(node.value) is int:
        return timedelta(seconds=node.whole())
    return _read(node, parse_duration)


def read_instant(node: Node, now: datetime) -> datetime:
    """RFC 3339; YAML makes a time of it where it is not in quotes. Without an offset it is UTC."""
    if isinstance(node.value, datetime):
        found = node.value
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return _read(node, lambda text: parse_time(text, now=now, field="time"))


def read_texts(node: Node) -> list[str]:
    """A list of texts; null is the empty one."""
    return [] if node.value is None else [item.text(least=1) for item in node.items()]


def _read(node: Node, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(node.text(least=1))
    except PayloadError as error:
        message = error.errors[0].message if error.errors else error.message
        raise node.error(message) from error
