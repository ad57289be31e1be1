"""Channels in configuration files."""

from typing import Any

from alerts.change import delete_channel, save_channel
from alerts.channels import ChannelKind
from alerts.configure.owner import set_owner, show_owner
from alerts.configure.templates import find_template
from alerts.models import Channel
from opsportal.accounts.models import User
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import ConflictError
from opsportal.lib.registry import plugins

_JOINED = ("team", "user", "template", "fallback")


class ChannelSection:
    """`channels: [{name, kind, settings, team, enabled, user, rate_limit, template, fallback}]`.

    Of `settings` too, what is absent stays; null removes a setting.
    """

    slug = "channels"
    keys = (
        "name", "kind", "settings", "team", "enabled", "user", "rate_limit", "template", "fallback",
    )  # fmt: skip

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The channels by name."""
        entries = []
        for channel in Channel.objects.select_related(*_JOINED).order_by("name"):
            entry = {
                "name": channel.name,
                "kind": channel.kind,
                "settings": _shown(channel, mask),
            }
            entries.append(entry | show_owner(channel) | _show_manners(channel))
        return entries

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one channel so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        channel = Channel.objects.select_related(*_JOINED).filter(name=name).first()
        if channel is None:
            entry.mapping(known=list(given), needed=["kind"])
            channel = Channel(name=name)
        if "kind" in given:
            kind = given["kind"].text(least=1)
            if kind not in plugins("ALERT_CHANNELS"):
                known = ", ".join(plugins("ALERT_CHANNELS"))
                raise given["kind"].error(f'no kind of channel "{kind}"; write one of {known}')
            if kind != channel.kind:
                channel.kind, channel.settings = kind, {}
        if "settings" in given:
            channel.settings = _merged(channel, given["settings"])
        set_owner(channel, given)
        if "user" in given:
            channel.user = _user(given["user"])
        if "rate_limit" in given:
            limit = given["rate_limit"]
            channel.rate_limit = None if limit.value is None else limit.whole()
        if "template" in given:
            channel.template = find_template(given["template"])
        save_channel(channel, actor=deed.actor, now=deed.now)

    def connect(self, entry: Node, deed: Deed) -> None:
        """Name its fallback, now that all channels of the file are there."""
        given = entry.mapping(known=self.keys)
        if "fallback" not in given:
            return
        channel = Channel.objects.select_related(*_JOINED).get(name=entry.named())
        name = given["fallback"].optional_text()
        channel.fallback = Channel.objects.filter(name=name).first()
        if name and channel.fallback is None:
            raise given["fallback"].error(f'no channel "{name}"; add it under channels')
        save_channel(channel, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the channel; one that has told somebody is only disabled, since that is kept."""
        channel = Channel.objects.select_related(*_JOINED).get(name=name)
        for other in Channel.objects.select_related(*_JOINED).filter(fallback=channel):
            other.fallback = None
            save_channel(other, actor=deed.actor, now=deed.now)
        try:
            delete_channel(channel, actor=deed.actor, now=deed.now)
        except ConflictError:
            if channel.rule_actions.exists():
                raise
            channel.enabled = False
            save_channel(channel, actor=deed.actor, now=deed.now)


def _show_manners(channel: Channel) -> dict[str, Any]:
    """Whose it is and how it behaves, left out where it is the default."""
    shown = {
        "user": channel.user.get_username() if channel.user else None,
        "rate_limit": channel.rate_limit,
        "template": channel.template.name if channel.template else None,
        "fallback": channel.fallback.name if channel.fallback else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _user(node: Node) -> User | None:
    """The person whose own channel it is; null is nobody's."""
    name = node.optional_text()
    if not name:
        return None
    user = User.objects.filter(username=name).first()
    if user is None:
        raise node.error(f'no user "{name}"; users are not made by a file, create them first')
    return user


def _secrets(slug: str) -> set[str] | None:
    """The names of a kind's secret settings; None for a kind that is no longer there."""
    kind: type[ChannelKind] | None = plugins("ALERT_CHANNELS").get(slug)
    return None if kind is None else {field.name for field in kind.fields if field.secret}


def _shown(channel: Channel, mask: Mask) -> dict[str, Any]:
    secrets = _secrets(channel.kind)
    return {
        name: mask(value) if secrets is None or name in secrets else value
        for name, value in sorted(channel.settings.items())
    }


def _merged(channel: Channel, settings: Node) -> dict[str, Any]:
    """The stored settings, overlaid by the given ones."""
    secrets = _secrets(channel.kind) or set()
    merged = dict(channel.settings)
    for name, node in settings.children().items():
        if name in secrets and node.value == MASK:
            if not merged.get(name):
                raise node.error(f'"{MASK}" keeps a stored secret, and none is stored')
        elif node.value is None:
            merged.pop(name, None)
        else:
            merged[name] = _plain(node)
    return merged


def _plain(node: Node) -> str | list[str]:
    if isinstance(node.value, list):
        return [item.text() for item in node.items()]
    return node.text()
