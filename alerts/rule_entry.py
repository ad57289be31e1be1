"""A rule as configuration files and the API write it: an entry is read, nothing is stored."""

from dataclasses import dataclass, field
from typing import Any

from alerts.models import Channel, Rule, RuleAction
from opsportal.accounts.configure import find_team
from opsportal.lib.confignode import ConfigError, Node
from opsportal.lib.durations import parse_duration
from opsportal.lib.errors import PayloadError

_Kind = RuleAction.Kind
SPANS = ("group_wait", "group_interval")
_OF_REMEDIATE = ("with", "dry_run", "approval")
RULE_KEYS = (
    "name", "match", "order", "stop", "enabled", "team",
    "active_times", "group_by", *SPANS, "actions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule as an entry would have it, not stored; `actions` is None where it says nothing."""

    rule: Rule
    actions: list[RuleAction] | None
    places: list[str] = field(default_factory=list)

    def located(self, error: PayloadError) -> PayloadError:
        """The same complaint with the action's place in the file, if it is about an action."""
        for found in error.errors:
            where, _, number = found.field.partition(".")
            if where == "actions" and number.isdigit() and int(number) < len(self.places):
                return ConfigError(self.places[int(number)], found.message)
        return error


def read_rule(entry: Node) -> RuleDraft:
    """The rule of that name, or a new one, as the entry would have it. Raises ConfigError."""
    given = entry.mapping(known=RULE_KEYS)
    name = entry.named()
    rule = Rule.objects.select_related("team").filter(name=name).first() or Rule(name=name)
    _read_asked(rule, given)
    _read_told(rule, given)
    if "actions" not in given:
        return RuleDraft(rule, None)
    return RuleDraft(rule, *_actions(given["actions"]))


def _read_asked(rule: Rule, given: dict[str, Node]) -> None:
    """Which alerts it is asked about, in which place, and whose it is."""
    if "match" in given:
        rule.match = given["match"].optional_text()
    if "order" in given:
        rule.order = given["order"].whole()
    if "stop" in given:
        rule.stop = given["stop"].truth()
    if "team" in given:
        rule.team = find_team(given["team"])
    if "enabled" in given:
        rule.enabled = given["enabled"].truth()


def _read_told(rule: Rule, given: dict[str, Node]) -> None:
    """When it holds, and what is told together."""
    if "active_times" in given:
        rule.active_times = _hours(given["active_times"], rule.active_times)
    if "group_by" in given:
        rule.group_by = [] if given["group_by"].value is None else _texts(given["group_by"])
    for span in SPANS:
        if span in given:
            setattr(rule, span, _duration(given[span]))


def _hours(node: Node, stored: str) -> str:
    """A text, or a list of texts, each a piece; what is stored, when it is the same list."""
    if not isinstance(node.value, list):
        return node.optional_text()
    pieces = _texts(node)
    return stored if pieces == pieces_of(stored) else "; ".join(pieces)


def pieces_of(hours: str) -> list[str]:
    """The pieces of hours, each as it stands."""
    return [piece.strip() for piece in hours.replace("\n", ";").split(";") if piece.strip()]


def _texts(node: Node) -> list[str]:
    return [item.text(least=1) for item in node.items()]


def _duration(node: Node) -> Any:
    try:
        return parse_duration(node.text(least=1))
    except ConfigError:
        raise
    except PayloadError as error:
        raise node.error(error.message) from error


def _actions(node: Node) -> tuple[list[RuleAction], list[str]]:
    """The actions, and for each its place in the file."""
    actions: list[RuleAction] = []
    places: list[str] = []
    for item in node.items():
        given = item.mapping(known=[*_Kind.values, *_OF_REMEDIATE])
        kinds = [kind for kind in _Kind.values if kind in given]
        if len(kinds) != 1:
            known = ", ".join(_Kind.values)
            raise item.error(f"write one of {known}; a further one after a dash")
        kind, said = kinds[0], given[kinds[0]]
        for extra in _OF_REMEDIATE:
            if extra in given and kind != _Kind.REMEDIATE:
                raise given[extra].error("belongs to a remediate")
        for action in _action(kind, said, given):
            actions.append(action)
            place = f"{said.path}.{action.field}" if kind == _Kind.SET else said.path
            places.append(place)
    return actions, places


def _action(kind: str, said: Node, given: dict[str, Node]) -> list[RuleAction]:
    """One entry; `set` may name several fields."""
    if kind == _Kind.NOTIFY:
        return [RuleAction(kind=kind, channel=_channel(said))]
    if kind == _Kind.SUPPRESS:
        return [RuleAction(kind=kind, value=said.text(least=1))]
    if kind == _Kind.PAGE:
        return [RuleAction(kind=kind, team=find_team(Node(said.text(least=1), said.path)))]
    if kind == _Kind.REMEDIATE:
        return [_remedy(said, given)]
    fields = said.mapping(known=list(RuleAction.Field.values))
    return [
        RuleAction(kind=kind, field=name, value=value.optional_text())
        for name, value in fields.items()
    ]


def _remedy(said: Node, given: dict[str, Node]) -> RuleAction:
    action = RuleAction(kind=_Kind.REMEDIATE, value=said.text(least=1))
    if "with" in given and given["with"].value is not None:
        given["with"].children()  # a mapping, or a complaint
        action.parameters = given["with"].value
    if "dry_run" in given:
        action.dry_run = given["dry_run"].truth()
    if "approval" in given:
        approval = given["approval"].text(least=1)
        if approval not in RuleAction.Approval.values:
            known = " or ".join(RuleAction.Approval.values)
            raise given["approval"].error(f"write {known}")
        action.approval = approval
    return action


def _channel(node: Node) -> Channel:
    name = node.text(least=1)
    channel = Channel.objects.filter(name=name).first()
    if channel is None:
        known = ", ".join(Channel.objects.values_list("name", flat=True)[:20]) or "none"
        raise node.error(f'no channel "{name}"; add it under channels (known: {known})')
    return channel
