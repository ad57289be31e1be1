"""Everything that is looked at for one alert, matcher by matcher: what an explanation shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from alerts.normalise import SEVERITY_RANK
from alerts.policy.compiled import (
    Asked,
    CompiledInhibition,
    CompiledRule,
    CompiledSilence,
    CompiledSubscription,
)
from alerts.policy.facts import Facts
from alerts.policy.walk import Rules, Walk, describe
from alerts.policy.windows import CompiledWindow
from opsportal.lib.matchers import Matchers

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at, matcher by matcher."""

    # "rule", "silence", "change", "inhibition" or "subscription".
    kind: str
    id: int
    version: int
    name: str
    match: str
    # Text of each matcher, and whether it holds.
    matchers: tuple[tuple[str, bool], ...]
    matched: bool
    # What it did, or would do.
    does: tuple[str, ...]
    # Why it did nothing although it matches; or what else there is to know.
    note: str
    # Whether it took part, as far as its matchers and its own state go.
    acted: bool


def trace_facts(facts: Facts, rules: Rules, labels: Labels, now: datetime) -> list[Look]:
    """Rules, then what holds back and subscriptions, which see what the rules have set."""
    seen = dict(labels)
    looks = _trace_rules(facts.rules, rules, seen, now)
    for silence in facts.silences:
        does = f"hold back: {silence.name}"
        looks.append(_look("silence", silence, seen, (does,), _silence_note(silence, seen, now)))
    # Of the many that were, those that might have.
    for window in (found for found in facts.windows if found.holds_at(now)):
        does = f"hold back: {window.name}"
        looks.append(_look("change", window, seen, (does,), _window_note(window, seen)))
    for inhibition in facts.inhibitions:
        equal = f", equal {', '.join(inhibition.equal)}" if inhibition.equal else ""
        does = f"hold back while an alert fires that matches {inhibition.source_match}{equal}"
        note = _inhibition_note(inhibition, seen)
        looks.append(_look("inhibition", inhibition, seen, (does,), note))
    for subscription in facts.subscriptions:
        does = f"notify {subscription.channel_name}"
        note = _subscription_note(subscription, seen)
        looks.append(_look("subscription", subscription, seen, (does,), note))
    return looks


def _trace_rules(
    asked: Sequence[CompiledRule], rules: Rules, seen: dict[str, str], now: datetime
) -> list[Look]:
    looks, walk, stopped_by = [], Walk(), ""
    for rule in asked:
        note = _rule_note(rule, now, stopped_by)
        does = tuple(describe(action) for action in rule.actions)
        look = _look("rule", rule, dict(seen), does, note)
        if look.acted:
            stopped = rules.do(rule, seen, walk)
            done = walk.reasons[-1]["actions"]
            stopped_by = rule.name if stopped else ""
            look = Look(
                "rule", rule.id, rule.version, rule.name, rule.match, look.matchers,
                matched=True,
                does=tuple(done) if isinstance(done, list) else (),
                note="no further rule was asked" if stopped else "",
                acted=True,
            )  # fmt: skip
        looks.append(look)
    return looks


def _look(kind: str, asked: Asked, labels: Labels, does: tuple[str, ...], note: str) -> Look:
    held = tuple((text, one.matches(labels)) for text, one in _one_by_one(asked.matchers))
    matched = not asked.complaint and all(holds for _, holds in held)
    return Look(
        kind=kind,
        id=asked.id,
        version=asked.version,
        name=asked.name,
        match=asked.match,
        matchers=held,
        matched=matched,
        does=does,
        note=asked.complaint or note,
        acted=matched and not note,
    )


def _rule_note(rule: CompiledRule, now: datetime, stopped_by: str) -> str:
    if not rule.enabled:
        return "disabled"
    if stopped_by:
        return f"not asked: the rule {stopped_by} had stopped"
    return "" if rule.active_at(now) else "outside its active times"


def _silence_note(silence: CompiledSilence, labels: Labels, now: datetime) -> str:
    if not silence.window_at(now):
        return "not at that time"
    return _foreign_note(silence, labels)


def _window_note(window: CompiledWindow, labels: Labels) -> str:
    if not window.covers(labels["severity"]):
        return f"more severe than {window.severity_up_to}"
    return _foreign_note(window, labels)


def _inhibition_note(inhibition: CompiledInhibition, labels: Labels) -> str:
    if not inhibition.enabled:
        return "disabled"
    missing = [name for name in inhibition.equal if not labels.get(name)]
    if missing:
        return f"the alert has no {', '.join(missing)}"
    return _foreign_note(inhibition, labels)


def _subscription_note(subscription: CompiledSubscription, labels: Labels) -> str:
    if not subscription.enabled:
        return "disabled"
    least = subscription.min_severity
    if SEVERITY_RANK.get(labels["severity"], 0) < SEVERITY_RANK[least]:
        return f"less severe than {least}"
    return ""


def _foreign_note(asked: Asked, labels: Labels) -> str:
    foreign = asked.foreign_to(labels["team"])
    return f"it is team {asked.team}'s, the alert team {labels['team']}'s" if foreign else ""


@lru_cache(maxsize=4096)
def _one_by_one(matchers: Matchers) -> tuple[tuple[str, Matchers], ...]:
    return tuple((str(matcher), Matchers((matcher,))) for matcher in matchers.items)
