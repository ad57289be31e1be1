"""The policy: everything that decides about alerts, asked without a query and without a write."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from alerts.models import RuleAction
from alerts.normalise import SEVERITY_RANK
from alerts.policy.compiled import (
    CompiledRule,
    CompiledSilence,
    CompiledSubscription,
    compile_rule,
)
from alerts.policy.facts import Facts
from alerts.policy.index import Index
from alerts.policy.states import State
from alerts.policy.trace import Look, trace_facts
from alerts.policy.verdict import (
    NOTHING_FIRES,
    Firing,
    Grouping,
    Page,
    Setting,
    Subject,
    Telling,
    Verdict,
)
from alerts.policy.walk import Rules, Walk
from alerts.policy.windows import CompiledWindow

Field = RuleAction.Field
Told = Mapping[int, Collection[str]]
# Of the silences that match, so many are named.
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class _Silenced:
    """The silences and change windows that hold from `since` until `until`."""

    since: datetime
    until: datetime
    silences: Sequence[CompiledSilence]
    index: Index
    windows: Sequence[CompiledWindow]
    window_index: Index


class Policy:
    """Asks rules, silences, inhibitions and subscriptions about one alert after the other."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.version = facts.version
        self.rules = Rules(facts.rules, facts.channels, facts.teams)
        self.inhibitions = [found for found in facts.inhibitions if found.enabled]
        self._targets = Index(self.inhibitions)
        self.subscriptions = [found for found in facts.subscriptions if found.enabled]
        self._subscribed = Index(self.subscriptions)
        # Whether an end is told, of every subscription there is.
        self.tells_end = {found.id: found.tell_resolved for found in facts.subscriptions}
        self.by_subscription = {found.id: found for found in facts.subscriptions}
        self._silenced: _Silenced | None = None

    def decide(
        self,
        subject: Subject,
        severity: str,
        *,
        now: datetime,
        about: str = "",
        told: Told | None = None,
        firing: Firing = NOTHING_FIRES,
    ) -> Verdict:
        """What is to happen with the alert at that severity.

        `told` says what each channel has been told of it; who has been told of `about` (empty: the
        severity that the rules make of it) is not told again. `firing` are the sources of
        inhibitions, as `find_firing` finds them.
        """
        seen = subject.matched_labels()
        seen["severity"] = severity
        walk = self.rules.walk(seen, now)
        labels = dict(seen) if walk.settings else seen
        values = {
            "severity": severity,
            "service": seen["service"],
            "team": seen["team"],
            "runbook_url": subject.runbook_url,
        }
        verdict = Verdict(seen, values, remedies=walk.remedies)
        verdict.reasons = list(walk.reasons)
        for name, after, value, rule in walk.settings:
            before = values[name]
            if before != after:
                verdict.changes.append(Setting(name, before, after, value, rule))
            values[name] = after
            if name != Field.RUNBOOK_URL:
                labels[name] = after
        verdict.pages = [_grouped(page, rule, labels) for page, rule in walk.pages.values()]
        verdict.suppressed = walk.suppressed[:300]
        self._hold_back(verdict, labels, subject.pk, firing, now)
        tellings = self._tellings(walk, labels, verdict, now)
        about = about or verdict.severity
        for telling in tellings:
            channel = telling.channel
            if told is not None and channel is not None and about in told.get(channel, ()):
                verdict.already.append(telling.name)
            else:
                verdict.tellings.append(telling)
        return verdict

    def replace(self, state: State, rule_id: int = 0) -> "Policy":
        """The same with a draft in place of the rule of that id, or beside all (0)."""
        draft = compile_rule(rule_id, 0, state)
        rules = [rule for rule in self.facts.rules if rule.id != rule_id]
        # A new one comes last of its order, as it will have the highest id.
        rules = sorted([*rules, draft], key=lambda rule: (rule.order, rule.id or float("inf")))
        return Policy(replace(self.facts, rules=rules))

    def trace(self, labels: Mapping[str, str], *, now: datetime) -> list[Look]:
        """Everything looked at in its order, matcher by matcher, for an explanation."""
        return trace_facts(self.facts, self.rules, labels, now)

    def looked_at(self, now: datetime) -> tuple[str, ...]:
        """The labels on which a decision at that time depends: equal ones, equal verdicts.

        But for an alert that is the source of an inhibition, and for what it has been told.
        """
        held = self._silenced_at(now)
        asked = [*self.facts.rules, *held.silences, *held.windows, *self.subscriptions]
        names = {item.name for found in asked for item in found.matchers.items}
        names |= {name for rule in self.facts.rules for name in rule.group_by}
        for found in self.inhibitions:
            names |= {item.name for item in (*found.matchers.items, *found.sources.items)}
            names |= set(found.equal)
        return tuple(sorted(names | {Field.SEVERITY.value, Field.TEAM.value}))

    def silences_at(self, now: datetime) -> Sequence[CompiledSilence]:
        """Those that hold at that time."""
        return self._silenced_at(now).silences

    def holding_at(self, now: datetime) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The silences and the changes that hold back alerts at that time."""
        held = self._silenced_at(now)
        return tuple([found.id for found in held.silences]), tuple(
            [found.id for found in held.windows]
        )

    def _silenced_at(self, now: datetime) -> _Silenced:
        known = self._silenced
        if known is None or not known.since <= now < known.until:
            silences = [found for found in self.facts.silences if found.window_at(now)]
            windows = [found for found in self.facts.windows if found.holds_at(now)]
            changes = [at for found in self.facts.silences if (at := found.next_change(now))]
            changes += [at for found in self.facts.windows if (at := found.next_change(now))]
            until = min(changes, default=now + timedelta(days=1))
            known = self._silenced = _Silenced(
                now, until, silences, Index(silences), windows, Index(windows)
            )
        return known

    def _hold_back(
        self,
        verdict: Verdict,
        labels: Mapping[str, str],
        pk: int,
        firing: Firing,
        now: datetime,
    ) -> None:
        """Silences, changes, inhibitions; a team's holds back its own alerts and nobody's."""
        silenced = self._silenced_at(now)
        named = 0
        for position in silenced.index.matching(labels):
            silence = silenced.silences[position]
            if silence.foreign_to(labels["team"]) or named == _MOST_NAMED:
                continue
            named += 1
            text = f"silence {silence.id}: {silence.name}"
            verdict.hold_back(text, _reason("silence", silence, note=f"Held back by {text}"))
        for position in silenced.window_index.matching(labels):
            window = silenced.windows[position]
            if window.covers(verdict.severity) and not window.foreign_to(labels["team"]):
                note = f"Held back by {window.text}"
                verdict.hold_back(window.text, _reason("change", window, note=note))
        if not firing:
            return
        for position in self._targets.matching(labels):
            inhibition = self.inhibitions[position]
            equal = tuple([labels.get(name, "") for name in inhibition.equal])
            if inhibition.foreign_to(labels["team"]) or not all(equal):
                continue
            both = inhibition.sources.matches(labels)
            source = firing.source(inhibition.id, equal, pk, two_sided=both)
            if source is not None:
                text = f"inhibited by alert {source.pk}: {source.name}"
                note = f"Inhibited by alert {source.pk} ({source.name})"
                reason = _reason("inhibition", inhibition, note=note)
                verdict.hold_back(text, reason | {"alert": source.pk})

    def _tellings(
        self, walk: Walk, labels: Mapping[str, str], verdict: Verdict, now: datetime
    ) -> Sequence[Telling]:
        """Each recipient once, told as whoever named them first would have it."""
        found: dict[tuple[int | None, int | None], Telling] = {
            (channel, None): Telling(channel, name, rule.id, group=_grouping(rule, labels))
            for channel, (name, rule) in walk.channels.items()
        }
        rank = SEVERITY_RANK[verdict.severity]
        for position in self._subscribed.matching(labels):
            subscription = self.subscriptions[position]
            if rank < SEVERITY_RANK[subscription.min_severity]:
                continue
            telling, text = self._subscribed_telling(subscription, now)
            if telling is not None:
                if telling.recipient in found:
                    text += " (named before)"
                found.setdefault(telling.recipient, telling)
            reason = _reason("subscription", subscription, matched=True, actions=[text])
            verdict.reasons.append(reason)
        return list(found.values())

    def _subscribed_telling(
        self, subscription: CompiledSubscription, now: datetime
    ) -> tuple[Telling | None, str]:
        channel, name = subscription.channel, subscription.channel_name
        fact = self.facts.channels.get(channel) if channel is not None else None
        if (channel is not None and fact is None) or (channel is None and not subscription.user):
            return None, "notify nobody (not done: there is no channel)"
        if fact is not None and not fact.enabled:
            return None, f"notify {fact.name} (not done: the channel is disabled)"
        group, at = None, subscription.next_message(now)
        when = "at once"
        if at is not None:
            group = Grouping((), timedelta(0), subscription.interval, at)
            when = f"at {at:%Y-%m-%d %H:%M} UTC"
        telling = Telling(
            channel, name, subscription=subscription.id, user=subscription.user, group=group
        )
        return telling, f"notify {name} {when}"


def _grouping(rule: CompiledRule, labels: Mapping[str, str]) -> Grouping | None:
    if not rule.group_by:
        return None
    return Grouping(_shared(rule, labels), rule.group_wait, rule.group_interval)


def _shared(rule: CompiledRule, labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple([(name, labels.get(name, "")) for name in rule.group_by])


def _grouped(page: Page, rule: CompiledRule, labels: Mapping[str, str]) -> Page:
    """The page with the labels that it shares, if its rule groups."""
    if not rule.group_by:
        return page
    return Page(page.team, page.name, page.rule, _shared(rule, labels))


def _reason(kind: str, asked: Any, **more: object) -> dict[str, object]:
    return {
        kind: asked.id,
        "version": asked.version,
        "name": asked.name,
        "match": asked.match,
        **more,
    }
