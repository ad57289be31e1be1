"""Rules and subscriptions as a tree of routes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from alerts.alertmanager.conditions import (
    Conjunction,
    InexpressibleError,
    choices,
    classic_label,
    of_severities,
    of_team,
)
from alerts.alertmanager.matchers import sent_name
from alerts.alertmanager.standing import NOBODY, page_name
from alerts.models import RuleAction
from alerts.normalise import SEVERITY_RANK
from alerts.policy import CompiledRule, CompiledSubscription, Policy

Kind = RuleAction.Kind
Route = dict[str, Any]
# Each alert by itself, at once.
_ALONE: Route = {"group_by": ["..."], "group_wait": "0s"}


@dataclass(slots=True)
class Entry:
    """The routes of one rule or subscription, and what is to be said of it."""

    what: str
    routes: list[Route] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Tree:
    """Takes subscriptions, then rules in their order."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        # What hushes goes before all that tells; then subscriptions, which no rule stops.
        self.hushed: list[Entry] = []
        self.entries: list[Entry] = []
        # Field -> the rule that may have set it.
        self._set: dict[str, str] = {}
        # Behind the last rule that stops; None: none does.
        self._stop: int | None = None
        self._told_before_stop = False

    def subscribe(self, subscription: CompiledSubscription) -> None:
        """Take a subscription; all of these come before the rules."""
        entry = Entry(f"subscription {subscription.name}")
        self.entries.append(entry)
        fact = self._policy.facts.channels.get(subscription.channel or 0)
        if subscription.channel is not None and (fact is None or not fact.enabled):
            entry.notes.append("left out: its channel is disabled")
            return
        try:
            least = SEVERITY_RANK[subscription.min_severity]
            if least > 1:
                self._refuse_set("severity")
            worse = of_severities([name for name, rank in SEVERITY_RANK.items() if rank >= least])
            for found in self._choices(subscription):
                entry.routes.append(
                    _route((*found, *worse), subscription.channel_name, go_on=True) | _ALONE
                )
        except InexpressibleError as error:
            entry.notes.append(f"left out: {error}")

    def add(self, rule: CompiledRule) -> None:
        """Take the next rule."""
        entry = Entry(f"rule {rule.name}")
        hushes = any(action.kind == Kind.SUPPRESS for action in rule.actions)
        try:
            entry.routes = self._routes(rule, hushes=hushes)
            self._place(entry, hushes=hushes)
        except InexpressibleError as error:
            entry.routes = []
            entry.notes.append(f"left out: {error}")
            self.entries.append(entry)
        entry.notes += self._notes(rule)
        if rule.stop and not hushes:
            self._stop = len(self.entries)
            self._told_before_stop = any(
                route["continue"] for told in self.entries for route in told.routes
            )
        for action in rule.actions:
            if action.kind == Kind.SET:
                self._set.setdefault(action.what, rule.name)

    def _place(self, entry: Entry, *, hushes: bool) -> None:
        if not hushes:
            self.entries.append(entry)
        elif self._stop is None:
            self.hushed.append(entry)
        elif self._told_before_stop:
            raise InexpressibleError("a rule before it may stop, or tell of what this one hushes")
        else:
            self.entries.insert(self._stop, entry)
            self._stop += 1

    def _routes(self, rule: CompiledRule, *, hushes: bool) -> list[Route]:
        found = self._choices(rule)
        if rule.team and (rule.stop or hushes):
            self._refuse_set("team")
        timing = _timing(rule)
        if hushes:
            own = of_team(rule.team, own=True) if rule.team else ()
            return [_route((*one, *own), NOBODY, go_on=False) | timing for one in found]
        names = self.told_by(rule)
        routes = []
        for one in found:
            if rule.team and rule.stop:
                mine, others = of_team(rule.team, own=True), of_team(rule.team, own=False)
                routes += _chain((*one, *mine), names, stop=True)
                routes += _chain((*one, *others), names, stop=False)
            else:
                routes += _chain(one, names, stop=rule.stop)
        return [route | timing for route in routes]

    def told_by(self, rule: CompiledRule) -> list[str]:
        """The receivers that the rule names and that can be told."""
        names = []
        for action in rule.actions:
            if action.kind == Kind.NOTIFY:
                fact = self._policy.facts.channels.get(action.target or 0)
                if fact is not None and fact.enabled:
                    names.append(fact.name)
            elif action.kind == Kind.PAGE and action.target in self._policy.facts.teams.values():
                names.append(page_name(action.what))
        return list(dict.fromkeys(names))

    def _choices(self, asked: CompiledRule | CompiledSubscription) -> Sequence[Conjunction]:
        if asked.complaint:
            raise InexpressibleError(asked.complaint)
        for item in asked.matchers.items:
            self._refuse_set(item.name)
        return choices(asked.matchers)

    def _refuse_set(self, name: str) -> None:
        if name in self._set:
            raise InexpressibleError(f"it asks for {name}, which rule {self._set[name]} may set")

    def _notes(self, rule: CompiledRule) -> list[str]:
        notes = []
        if rule.stop and rule.active_times is not None:
            notes.append("it stops in its active times only")
        if rule.group_by and not _group_by(rule):
            notes.append(f"it groups by {', '.join(rule.group_by)}")
        done = {str(Kind(action.kind)) for action in rule.actions} - {Kind.NOTIFY, Kind.PAGE}
        if done := done - {Kind.SUPPRESS}:
            notes.append(f"not shown: {' and '.join(sorted(done))}")
        return notes


def _chain(conjunction: Conjunction, names: Sequence[str], *, stop: bool) -> list[Route]:
    """A route for each receiver; the last one says whether what follows is asked."""
    if not names:
        return [_route(conjunction, NOBODY, go_on=False)] if stop else []
    last = len(names) - 1
    return [
        _route(conjunction, name, go_on=not (stop and place == last))
        for place, name in enumerate(names)
    ]


def _route(conjunction: Conjunction, receiver: str, *, go_on: bool) -> Route:
    return {
        "matchers": [str(item) for item in conjunction],
        "receiver": receiver,
        "continue": go_on,
    }


def _timing(rule: CompiledRule) -> Route:
    timing = dict(_ALONE)
    if names := _group_by(rule):
        timing = {"group_by": names, "group_wait": duration(rule.group_wait)}
        if rule.group_interval:
            timing["group_interval"] = duration(rule.group_interval)
    if rule.active_times is not None:
        timing["active_time_intervals"] = [hours_name(rule)]
    return timing


def _group_by(rule: CompiledRule) -> list[str]:
    names = [sent_name(name) for name in rule.group_by]
    return names if all(map(classic_label, names)) else []


def hours_name(rule: CompiledRule) -> str:
    """What the active times of a rule are called."""
    return f"times of {rule.name}"


def duration(length: timedelta) -> str:
    """As Prometheus writes it."""
    if length.microseconds:
        return f"{length // timedelta(milliseconds=1)}ms"
    return f"{length // timedelta(seconds=1)}s"
