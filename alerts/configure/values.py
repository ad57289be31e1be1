"""Values that several sections have, read from a file with their place in it."""

from alerts.models import Channel
from opsportal.accounts.models import User
from opsportal.lib.confignode import Node


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


def read_labels(node: Node) -> dict[str, str]:
    """Names and values; null is none at all."""
    if node.value is None:
        return {}
    return {name: value.text() for name, value in node.children().items()}
