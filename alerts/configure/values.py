"""Values that several sections have, read from a file with their place in it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from alerts.models import Channel
from opsportal.accounts.models import User
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


def find_channel(node: Node) -> Channel | None:
    """The channel that an entry names; null is none."""
    name = node.optional_text()
    if not name:
        return None
    channel = Channel.objects.filter(name=name).first()
    if channel is None:
        known = ", ".join(Channel.objects.values_list("name", flat=True)[:20]) or "none"
        raise node.error(f'no channel "{name}"; add it under channels (known: {known})')
    return channel


def find_user(node: Node) -> User | None:
    """The person that an entry names; null is none."""
    name = node.optional_text()
    if not name:
        return None
    user = User.objects.filter(username=name).first()
    if user is None:
        raise node.error(f'nobody is called "{name}" here; people are not made by a file')
    return user


def read_texts(node: Node) -> list[str]:
    """A list of texts; null is the empty one."""
    return [] if node.value is None else [item.text(least=1) for item in node.items()]


def read_labels(node: Node) -> dict[str, str]:
    """Names and values; null is none at all."""
    if node.value is None:
        return {}
    return {name: value.text() for name, value in node.children().items()}


def _read(node: Node, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(node.text(least=1))
    except PayloadError as error:
        message = error.errors[0].message if error.errors else error.message
        raise node.error(message) from error
