"""Rules in configuration files."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch

from alerts.change import delete_rule, save_rule
from alerts.configure.owner import show_owner
from alerts.models import Rule, RuleAction
from alerts.rule_entry import RULE_KEYS, SPANS, pieces_of, read_rule
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node
from opsportal.lib.durations import write_duration
from opsportal.lib.errors import PayloadError

_Kind = RuleAction.Kind
_USUAL = Rule()


class RuleSection:
    """`rules: [{name, match, order, stop, enabled, team, active_times, group_by ..., actions}]`."""

    slug = "rules"
    keys = RULE_KEYS

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The rules in the order in which they are asked."""
        del mask  # a rule has no secrets
        found = RuleAction.objects.select_related("channel", "team").defer("channel__settings")
        rules = Rule.objects.select_related("team").prefetch_related(Prefetch("actions", found))
        return [_told_rule(rule) for rule in rules]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one rule so."""
        draft = read_rule(entry)
        try:
            save_rule(draft.rule, draft.actions, actor=deed.actor, now=deed.now)
        except PayloadError as error:
            raise draft.located(error) from error

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the rule."""
        rule = Rule.objects.select_related("team").get(name=name)
        delete_rule(rule, actor=deed.actor, now=deed.now)


def _told_rule(rule: Rule) -> dict[str, Any]:
    """As a file says it; what is the default is left out."""
    entry: dict[str, Any] = {"name": rule.name, "match": rule.match, "order": rule.order}
    if rule.stop:
        entry["stop"] = True
    if rule.active_times:
        pieces = pieces_of(rule.active_times)
        entry["active_times"] = pieces if len(pieces) > 1 else rule.active_times
    if rule.group_by:
        entry["group_by"] = list(rule.group_by)
    for span in SPANS:
        if getattr(rule, span) != getattr(_USUAL, span):
            entry[span] = write_duration(getattr(rule, span))
    return entry | show_owner(rule) | {"actions": _told_actions(list(rule.actions.all()))}


def _told_actions(actions: Sequence[RuleAction]) -> list[dict[str, Any]]:
    """Actions as a file says them; settings that follow each other share one mapping."""
    told: list[dict[str, Any]] = []
    for action in actions:
        if action.kind == _Kind.NOTIFY and action.channel:
            told.append({"notify": action.channel.name})
        elif action.kind == _Kind.SUPPRESS:
            told.append({"suppress": action.value})
        elif action.kind == _Kind.PAGE and action.team:
            told.append({"page": action.team.name})
        elif action.kind == _Kind.REMEDIATE:
            told.append(_told_remedy(action))
        elif told and action.field not in told[-1].get("set", {action.field: ""}):
            told[-1]["set"][action.field] = action.value
        else:
            told.append({"set": {action.field: action.value}})
    return told


def _told_remedy(action: RuleAction) -> dict[str, Any]:
    """Always with its brakes, since a file should show them."""
    said: dict[str, Any] = {"remediate": action.value}
    if action.parameters:
        said["with"] = dict(sorted(action.parameters.items()))
    return said | {"dry_run": action.dry_run, "approval": action.approval}
