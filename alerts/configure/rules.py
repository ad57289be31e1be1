"""Rules in configuration files."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch

from alerts.change import delete_rule, save_rule
from alerts.configure.owner import set_owner, show_owner
from alerts.models import Channel, Rule, RuleAction
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import ConfigError, Node
from opsportal.lib.errors import PayloadError

_Kind = RuleAction.Kind


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
            entries.append(entry | show_owner(rule) | {"actions": told})
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
        set_owner(rule, given)
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
