"""The rules, loaded once for a batch and asked for each alert."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from alerts.hold import Episode
from alerts.models import Rule, RuleAction
from alerts.normalise import SEVERITY_RANK
from opsportal.accounts.models import Team
from opsportal.lib.matchers import MatcherError, Matchers, parse_matchers

ACTION = RuleAction.Kind


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that a rule changes; `value` is what the column takes."""

    field: str
    before: str
    after: str
    value: Any
    rule: str


@dataclass(slots=True)
class Verdict:
    """What the rules say of one alert."""

    # What rules may set, as it stands after those asked so far.
    values: dict[str, str]
    # channel id -> its name and the first rule that named it, in the rules' order
    channels: dict[int, tuple[str, int]] = field(default_factory=dict)
    suppressed: str = ""
    changes: list[Setting] = field(default_factory=list)
    reasons: list[dict[str, object]] = field(default_factory=list)

    @property
    def severity(self) -> str:
        """The effective one."""
        return self.values[RuleAction.Field.SEVERITY]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Enabled rules in their order, with their actions, and the teams that they name."""

    rules: Sequence[Rule]
    actions: Mapping[int, Sequence[RuleAction]]
    teams: Mapping[str, Team]
    # In a storm most alerts look alike to a rule: what it said of the same values before.
    seen: dict[tuple[str, ...], str | None] = field(default_factory=dict)

    def ask(self, episode: Episode, severity: str) -> Verdict:
        """Ask each rule in turn until one stops; later rules see what earlier ones set."""
        labels = episode.matched_labels()
        labels["severity"] = severity
        verdict = Verdict(
            {
                "severity": severity,
                "service": episode.service,
                "team": labels["team"],
                "runbook_url": episode.runbook_url,
            }
        )
        for rule in self.rules:
            failed = self._failed_matcher(rule.match, labels)
            reason: dict[str, object] = {
                "rule": rule.pk,
                "name": rule.name,
                "match": rule.match,
                "matched": failed is None,
                "failed": failed or "",
                "actions": [],
                "stopped": failed is None and rule.stop and not _foreign(rule, labels),
            }
            verdict.reasons.append(reason)
            if failed is not None:
                continue
            reason["actions"] = [
                self._act(action, rule, verdict, labels) for action in self.actions.get(rule.pk, ())
            ]
            if reason["stopped"]:
                break
        return verdict

    def _failed_matcher(self, match: str, labels: Mapping[str, str]) -> str | None:
        """The first matcher that does not hold; None when all do."""
        try:
            matchers = _one_by_one(match)
        except MatcherError as error:
            return error.message
        key = (match, *[labels.get(name, "") for name, _, _ in matchers])
        if key not in self.seen:
            self.seen[key] = next(
                (text for _, text, predicate in matchers if not predicate.matches(labels)), None
            )
        return self.seen[key]

    def _act(self, action: RuleAction, rule: Rule, verdict: Verdict, labels: dict[str, str]) -> str:
        """Do one action; what was done, as text."""
        if action.kind != ACTION.NOTIFY and _foreign(rule, labels):
            return f"{action} (not done: the alert is team {labels['team']}'s)"
        if action.kind == ACTION.SUPPRESS:
            verdict.suppressed = verdict.suppressed or (action.value or f"rule {rule.name}")[:300]
            return f"suppress {action.value}".strip()
        if action.kind == ACTION.SET:
            return self._set(action, rule, verdict, labels)
        channel = action.channel
        if channel is None:
            return "notify nobody"
        if not channel.enabled:
            return f"notify {channel.name} (not done: the channel is disabled)"
        verdict.channels.setdefault(channel.pk, (channel.name, rule.pk))
        return f"notify {channel.name}"

    def _set(self, action: RuleAction, rule: Rule, verdict: Verdict, labels: dict[str, str]) -> str:
        name, after = action.field, action.value
        text = f"set {name} to {after}"
        value: Any = after
        if name == RuleAction.Field.SEVERITY:
            if after not in SEVERITY_RANK:
                return f"{text} (not done: no such severity)"
        elif name == RuleAction.Field.TEAM and after:
            value = self.teams.get(after)
            if value is None:
                return f"{text} (not done: no such team)"
        elif name == RuleAction.Field.TEAM:
            value = None
        elif name == RuleAction.Field.SERVICE:
            value = after = after[:200]
        before = verdict.values[name]
        if before != after:
            verdict.changes.append(Setting(name, before, after, value, rule.name))
        verdict.values[name] = after
        if name != RuleAction.Field.RUNBOOK_URL:  # the one that matchers do not see
            labels[name] = after
        return text


def _foreign(rule: Rule, labels: Mapping[str, str]) -> bool:
    """Whether the alert is another team's: a team's rule may tell of it, but not hush or change."""
    return rule.team is not None and labels["team"] not in ("", rule.team.name)


def load_rulebook() -> Rulebook:
    """The rules as they are now: two queries, and one for the teams if any are named."""
    rules = list(Rule.objects.filter(enabled=True).select_related("team").order_by("order", "id"))
    found = (
        RuleAction.objects.filter(rule__enabled=True)
        .select_related("channel")
        # Decrypting costs, and who is told needs no settings.
        .defer("channel__settings")
        .order_by("position", "id")
    )
    actions: dict[int, list[RuleAction]] = {}
    names = set()
    for action in found:
        actions.setdefault(action.rule_id, []).append(action)
        if action.kind == ACTION.SET and action.field == RuleAction.Field.TEAM and action.value:
            names.add(action.value)
    teams = {team.name: team for team in Team.objects.filter(name__in=names)} if names else {}
    return Rulebook(rules, actions, teams)


@lru_cache(maxsize=4096)
def _one_by_one(match: str) -> tuple[tuple[str, str, Matchers], ...]:
    """Label, text and predicate of each matcher, so that the one that fails has a name."""
    return tuple(
        (matcher.name, str(matcher), Matchers((matcher,)))
        for matcher in parse_matchers(match).items
    )
