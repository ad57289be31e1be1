"""Channels and rules in configuration files."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch

from alerts.change import delete_channel, delete_rule, save_channel, save_rule
from alerts.channels import ChannelKind
from alerts.models import Channel, Rule, RuleAction
from opsportal.accounts.configure import find_team
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import ConfigError, Node
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import ConflictError, PayloadError
from opsportal.lib.registry import plugins

_Kind = RuleAction.Kind


class ChannelSection:
    """`channels: [{name, kind, settings, team, enabled}]`.

    Of `settings` too, what is absent stays; null removes a setting.
    """

    slug = "channels"
    keys = ("name", "kind", "settings", "team", "enabled")

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The channels by name."""
        entries = []
        for channel in Channel.objects.select_related("team").order_by("name"):
            entry = {
                "name": channel.name,
                "kind": channel.kind,
                "settings": _shown(channel, mask),
            }
            entries.append(entry | _owner(channel))
        return entries

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one channel so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        channel = Channel.objects.select_related("team").filter(name=name).first()
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
        _set_owner(channel, given)
        save_channel(channel, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the channel; one that has told somebody is only disabled, since that is kept."""
        channel = Channel.objects.select_related("team").get(name=name)
        try:
            delete_channel(channel, actor=deed.actor, now=deed.now)
        except ConflictError:
            if channel.rule_actions.exists():
                raise
            channel.enabled = False
            save_channel(channel, actor=deed.actor, now=deed.now)


class RuleSection:
    """`rules: [{name, match, order, stop, enabled, team, actions}]`."""

    slug = "rules"
    keys = ("name", "match", "order", "stop", "enabled", "team", "actions")

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The rules in the order in which they are asked."""
        del mask  # a rule has no secrets
        actions = Prefetch("actions", RuleAction.objects.select_related("channel"))
        entries = []
        for rule in Rule.objects.select_related("team").prefetch_related(actions):
            entry: dict[str, Any] = {"name": rule.name, "match": rule.match, "order": rule.order}
            if rule.stop:
                entry["stop"] = True
            told = _told_actions(list(rule.actions.all()))
            entries.append(entry | _owner(rule) | {"actions": told})
        return entries

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one rule so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        rule = Rule.objects.select_related("team").filter(name=name).first() or Rule(name=name)
        if "match" in given:
            rule.match = given["match"].optional_text()
        if "order" in given:
            rule.order = given["order"].whole()
        if "stop" in given:
            rule.stop = given["stop"].truth()
        _set_owner(rule, given)
        actions = None
        places: list[str] = []
        if "actions" in given:
            actions, places = _actions(given["actions"])
        try:
            save_rule(rule, actions, actor=deed.actor, now=deed.now)
        except PayloadError as error:
            raise _at_action(error, places) from error

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the rule."""
        rule = Rule.objects.select_related("team").get(name=name)
        delete_rule(rule, actor=deed.actor, now=deed.now)


def _owner(owned: Channel | Rule) -> dict[str, Any]:
    """What channels and rules have in common, left out where it is the default."""
    shown: dict[str, Any] = {}
    if owned.team:
        shown["team"] = owned.team.name
    if not owned.enabled:
        shown["enabled"] = False
    return shown


def _set_owner(owned: Channel | Rule, given: dict[str, Node]) -> None:
    if "team" in given:
        owned.team = find_team(given["team"])
    if "enabled" in given:
        owned.enabled = given["enabled"].truth()


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


def _told_actions(actions: Sequence[RuleAction]) -> list[dict[str, Any]]:
    """Actions as a file says them; settings that follow each other share one mapping."""
    told: list[dict[str, Any]] = []
    for action in actions:
        if action.kind == _Kind.NOTIFY and action.channel:
            told.append({"notify": action.channel.name})
        elif action.kind == _Kind.SUPPRESS:
            told.append({"suppress": action.value})
        elif told and action.field not in told[-1].get("set", {action.field: ""}):
            told[-1]["set"][action.field] = action.value
        else:
            told.append({"set": {action.field: action.value}})
    return told


def _actions(node: Node) -> tuple[list[RuleAction], list[str]]:
    """The actions, and for each its place in the file."""
    actions: list[RuleAction] = []
    places: list[str] = []
    for item in node.items():
        given = item.mapping(known=list(_Kind.values))
        if len(given) != 1:
            raise item.error("write one of notify, suppress, set; a further one after a dash")
        [(kind, said)] = given.items()
        if kind == _Kind.NOTIFY:
            found = [(RuleAction(kind=kind, channel=_channel(said)), said.path)]
        elif kind == _Kind.SUPPRESS:
            found = [(RuleAction(kind=kind, value=said.text(least=1)), said.path)]
        else:
            fields = said.mapping(known=list(RuleAction.Field.values))
            found = [
                (RuleAction(kind=kind, field=name, value=value.optional_text()), value.path)
                for name, value in fields.items()
            ]
        for action, place in found:
            actions.append(action)
            places.append(place)
    return actions, places


def _channel(node: Node) -> Channel:
    name = node.text(least=1)
    channel = Channel.objects.filter(name=name).first()
    if channel is None:
        known = ", ".join(Channel.objects.values_list("name", flat=True)[:20]) or "none"
        raise node.error(f'no channel "{name}"; add it under channels (known: {known})')
    return channel


def _at_action(error: PayloadError, places: Sequence[str]) -> PayloadError:
    """The same complaint with the action's place in the file, if it is about an action."""
    for found in error.errors:
        where, _, number = found.field.partition(".")
        if where == "actions" and number.isdigit() and int(number) < len(places):
            return ConfigError(places[int(number)], found.message)
    return error
