"""The deed: the past is run through twice, without the draft and with it, and compared."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from alerts.policy import Policy, load_policy
from alerts.policy.states import State
from alerts.preview.past import past_firing, past_transitions
from alerts.preview.run import Answer, Happened, Recipient, Run
from alerts.preview.told import ChannelCount, Day, Preview, Remedied, Sample

# A preview is a page that somebody waits for.
MOST_TRANSITIONS = 20_000
MOST_SAMPLES, MOST_TARGETS = 30, 20


def preview_rule(
    draft: State, rule_id: int = 0, *, since: datetime, now: datetime, policy: Policy | None = None
) -> Preview:
    """What the draft would have done from `since` until `now`.

    `draft` is what `alerts.policy.states.rule_policy` makes; it stands for the rule of that id, or
    beside all others (0). Compared is with the policy as it is now, not with what was told then.
    """
    policy = policy or load_policy()
    happened, bounded = past_transitions(since, now, MOST_TRANSITIONS)
    firing = past_firing(policy, since, now)
    comparison = _Comparison(rule_id, Run(policy), Run(policy.replace(draft, rule_id)))
    for what in happened:
        firing.at = what.at
        before = comparison.without.happen(what, firing)
        comparison.compare(what, before, comparison.drafted.happen(what, firing))
    if bounded:
        since = happened[0].at
    return comparison.finish(since, now, len(happened), bounded=bounded)


class _Comparison:
    """Counts what the draft does, and where the two runs differ."""

    def __init__(self, rule_id: int, without: Run, drafted: Run) -> None:
        self.rule_id = rule_id
        self.without, self.drafted = without, drafted
        self.matched: set[int] = set()
        self.matches = 0
        self.suppressed: set[int] = set()
        self.newly: set[int] = set()
        self.no_longer: set[int] = set()
        self.paged: defaultdict[str, set[int]] = defaultdict(set)
        self.remedied: defaultdict[tuple[str, bool, str], dict[int, str]] = defaultdict(dict)
        self.samples: list[Sample] = []
        self.by_day: Counter[date] = Counter()

    def compare(self, what: Happened, before: Answer, after: Answer) -> None:
        """One transition, as both runs answered it."""
        newly = [name for name in after.told if name not in before.told]
        no_longer = [name for name in before.told if name not in after.told]
        self.newly |= {what.alert} if newly else set()
        self.no_longer |= {what.alert} if no_longer else set()
        reason = self._own_reason(after)
        if reason is not None:
            self.matches += 1
            self.matched.add(what.alert)
            self.by_day[what.at.date()] += 1
            self._acted(what, after, [str(text) for text in reason["actions"]])
        if reason is not None or newly or no_longer:
            self._sample(what, after, reason or {}, newly, no_longer)

    def _own_reason(self, answer: Answer) -> dict[str, Any] | None:
        """What the draft had to say, if it matched."""
        reasons = answer.verdict.reasons if answer.verdict else ()
        return next(
            (found for found in reasons if "rule" in found and found["rule"] == self.rule_id), None
        )

    def _acted(self, what: Happened, answer: Answer, does: list[str]) -> None:
        if any(text.startswith("suppress") and "(not done" not in text for text in does):
            self.suppressed.add(what.alert)
        verdict = answer.verdict
        if verdict is None or verdict.suppressed:
            return
        for page in verdict.pages:
            if page.rule == self.rule_id:
                self.paged[page.name].add(what.alert)
        for remedy in verdict.remedies:
            if remedy.rule == self.rule_id:
                target = what.labels.get("resource") or what.labels.get("instance") or ""
                key = (remedy.plugin, remedy.dry_run, remedy.approval)
                self.remedied[key][what.alert] = target or f"alert {what.alert}"

    def _sample(
        self,
        what: Happened,
        after: Answer,
        reason: dict[str, Any],
        newly: list[str],
        no_longer: list[str],
    ) -> None:
        """The newest are kept."""
        if len(self.samples) >= 2 * MOST_SAMPLES:
            del self.samples[:MOST_SAMPLES]
        self.samples.append(
            Sample(
                alert=what.alert,
                name=what.labels.get("name", ""),
                severity=what.severity,
                service=what.labels.get("service", ""),
                kind=what.kind,
                at=what.at,
                newly_told=newly,
                no_longer_told=no_longer,
                suppressed=after.verdict.suppressed if after.verdict else "",
                does=[str(text) for text in reason.get("actions", ())],
            )
        )

    def finish(
        self, since: datetime, until: datetime, transitions: int, *, bounded: bool
    ) -> Preview:
        """The sum of it."""
        without, drafted = self.without.messages(), self.drafted.messages()
        return Preview(
            since=since,
            until=until,
            transitions=transitions,
            bounded=bounded,
            matched_alerts=len(self.matched),
            matched_transitions=self.matches,
            suppressed_alerts=len(self.suppressed),
            newly_told_alerts=len(self.newly),
            no_longer_told_alerts=len(self.no_longer),
            channels=self._channels(without, drafted),
            paged=sorted((name, len(alerts)) for name, alerts in self.paged.items()),
            remedied=[
                Remedied(*key, len(alerts), sorted(set(alerts.values()))[:MOST_TARGETS])
                for key, alerts in sorted(self.remedied.items())
            ],
            days=self._days(since, until, without, drafted),
            samples=self.samples[-MOST_SAMPLES:][::-1],
        )

    def _channels(
        self, without: dict[Recipient, list[datetime]], drafted: dict[Recipient, list[datetime]]
    ) -> list[ChannelCount]:
        names = self.without.names | self.drafted.names
        found = [
            ChannelCount(
                name,
                len(self.without.told_of.get(recipient, ())),
                len(self.drafted.told_of.get(recipient, ())),
                len(without.get(recipient, ())),
                len(drafted.get(recipient, ())),
            )
            for recipient, name in names.items()
        ]
        return sorted(
            found, key=lambda row: (-abs(row.messages_with - row.messages_without), row.name)
        )

    def _days(
        self,
        since: datetime,
        until: datetime,
        without: dict[Recipient, list[datetime]],
        drafted: dict[Recipient, list[datetime]],
    ) -> list[Day]:
        before, after = _per_day(without, until), _per_day(drafted, until)
        count = (until.date() - since.date()).days + 1
        days = [since.date() + timedelta(days=number) for number in range(count)]
        return [Day(day, self.by_day[day], before[day], after[day]) for day in days]


def _per_day(messages: dict[Recipient, list[datetime]], until: datetime) -> Counter[date]:
    """What is sent only later is counted on the last day."""
    return Counter(min(at, until).date() for times in messages.values() for at in times)
