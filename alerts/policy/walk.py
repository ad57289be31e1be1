"""The walk along the rules: in order, until one stops; later rules see what earlier ones set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerts.models import RuleAction
from alerts.normalise import SEVERITY_RANK
from alerts.policy.compiled import Action, CompiledRule
from alerts.policy.facts import ChannelFact
from alerts.policy.index import Index
from alerts.policy.verdict import Page, Reason, Remedy

Kind = RuleAction.Kind
Field = RuleAction.Field
_MOST_KEPT = 5_000


@dataclass(slots=True)
class Walk:
    """What the rules said; the same for all alerts that look alike to them. Never changed later."""

    reasons: list[Reason] = field(default_factory=list)
    # Field, value as text, what the column takes, name of the rule.
    settings: list[tuple[str, str, Any, str]] = field(default_factory=list)
    channels: dict[int, tuple[str, CompiledRule]] = field(default_factory=dict)
    pages: dict[int, tuple[Page, CompiledRule]] = field(default_factory=dict)
    remedies: list[Remedy] = field(default_factory=list)
    suppressed: str = ""


class Rules:
    """The enabled rules, ready to be walked along."""

    def __init__(
        self,
        rules: Sequence[CompiledRule],
        channels: Mapping[int, ChannelFact],
        teams: Mapping[str, int],
    ) -> None:
        self._rules = [rule for rule in rules if rule.enabled]
        self._channels = channels
        self._teams = teams
        self._index = Index(self._rules)
        names = {item.name for rule in self._rules for item in rule.matchers.items}
        if any(rule.team for rule in self._rules):
            names.add(Field.TEAM.value)
        self._names = tuple(sorted(names))
        self._timed = any(rule.active_times for rule in self._rules)
        # In a storm most alerts look alike to the rules: what they said of the same values before.
        self._kept: dict[tuple[object, ...], Walk] = {}

    def walk(self, labels: Mapping[str, str], now: datetime) -> Walk:
        """Ask them all; the answer is shared."""
        minute = now.replace(second=0, microsecond=0) if self._timed else None
        key = (minute, *[labels.get(name, "") for name in self._names])
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = self._walk(dict(labels), now)
        return found

    def _walk(self, labels: dict[str, str], now: datetime) -> Walk:
        walk, last = Walk(), -1
        while True:
            changed = False
            for position in self._index.candidates(labels):
                if position <= last or not self._index.matches(position, labels):
                    continue
                rule = self._rules[position]
                if not rule.active_at(now):
                    continue
                last, settings = position, len(walk.settings)
                if self.do(rule, labels, walk):
                    return walk
                # What it has set may lead elsewhere.
                changed = len(walk.settings) != settings
                if changed:
                    break
            if not changed:
                return walk

    def do(self, rule: CompiledRule, labels: dict[str, str], walk: Walk) -> bool:
        """Do the deeds of a rule that matches; whether it stops the walk."""
        stopped = rule.stop and not rule.foreign_to(labels["team"])
        actions = [self._act(action, rule, labels, walk) for action in rule.actions]
        walk.reasons.append(
            {
                "rule": rule.id,
                "version": rule.version,
                "name": rule.name,
                "match": rule.match,
                "matched": True,
                "actions": actions,
                "stopped": stopped,
            }
        )
        return stopped

    def _act(self, action: Action, rule: CompiledRule, labels: dict[str, str], walk: Walk) -> str:
        """Do one action; what was done, as text."""
        if action.kind == Kind.NOTIFY:
            return self._notify(action, rule, walk)
        if action.kind == Kind.PAGE:
            return self._page(action, rule, walk)
        text = describe(action)
        # A team's rule may tell of another's alert, but not hush it, change it or act on it.
        if rule.foreign_to(labels["team"]):
            return f"{text} (not done: the alert is team {labels['team']}'s)"
        if action.kind == Kind.SET:
            return self._set(action, rule, labels, walk)
        if action.kind == Kind.SUPPRESS:
            said = f"rule {rule.name}: {action.value}" if action.value else f"rule {rule.name}"
            walk.suppressed = walk.suppressed or said
            return text
        walk.remedies.append(
            Remedy(rule.id, action.what, action.parameters, action.dry_run, action.approval)
        )
        return text

    def _notify(self, action: Action, rule: CompiledRule, walk: Walk) -> str:
        channel = self._channels.get(action.target) if action.target is not None else None
        if channel is None or action.target is None:
            return f"notify {action.what} (not done: there is no such channel)"
        if not channel.enabled:
            return f"notify {channel.name} (not done: the channel is disabled)"
        walk.channels.setdefault(action.target, (channel.name, rule))
        return f"notify {channel.name}"

    def _page(self, action: Action, rule: CompiledRule, walk: Walk) -> str:
        if action.target is None or action.target not in self._teams.values():
            return f"page {action.what} (not done: there is no such team)"
        walk.pages.setdefault(action.target, (Page(action.target, action.what, rule.id), rule))
        return f"page {action.what}"

    def _set(self, action: Action, rule: CompiledRule, labels: dict[str, str], walk: Walk) -> str:
        name, after = action.what, action.value
        text = describe(action)
        value: Any = after
        if name == Field.SEVERITY:
            if after not in SEVERITY_RANK:
                return f"{text} (not done: no such severity)"
        elif name == Field.TEAM:
            value = self._teams.get(after) if after else None
            if after and value is None:
                return f"{text} (not done: no such team)"
        elif name == Field.SERVICE:
            value = after = after[:200]
        walk.settings.append((name, after, value, rule.name))
        if name != Field.RUNBOOK_URL:  # the one that matchers do not see
            labels[name] = after
        return text


def describe(action: Action) -> str:
    """What it does, as text."""
    if action.kind == Kind.SET:
        return f"set {action.what} to {action.value}"
    if action.kind == Kind.SUPPRESS:
        return f"suppress {action.value}".strip()
    if action.kind == Kind.REMEDIATE:
        how = " (only simulated)" if action.dry_run else ""
        return f"remediate by {action.what}{how}"
    return f"{action.kind} {action.what}".strip()
