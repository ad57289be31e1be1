"""One policy asked about past transitions in their order, remembering whom it has told of what."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from alerts.models import Transition
from alerts.normalise import SEVERITY_RANK
from alerts.policy import Firing, Grouping, Policy, Telling, Verdict
from alerts.preview.groups import SimulatedGroup

Kind = Transition.Kind
ENDS = frozenset({Kind.RESOLVED.value, Kind.EXPIRED.value})
OF_SEVERITY = frozenset(
    {Kind.OPENED.value, Kind.REOPENED.value, Kind.WORSENED.value, Kind.IMPROVED.value}
)
# Rules may have set these for good; they are seen from the next transition on.
_LASTING = ("service", "team")
Recipient = tuple[int | None, int | None]
_GroupKey = tuple[Recipient, int | None, int | None, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Happened:
    """A past transition, as the policy is asked about it."""

    pk: int
    kind: str
    at: datetime
    alert: int
    severity: str
    labels: dict[str, str]
    runbook_url: str = ""
    snoozed: bool = False


@dataclass(slots=True)
class _Subject:
    pk: int
    runbook_url: str
    labels: dict[str, str]

    def matched_labels(self) -> dict[str, str]:
        return dict(self.labels)


@dataclass(slots=True)
class Answer:
    """What came of one transition: names of those told, and the verdict where one was asked for."""

    told: list[str] = field(default_factory=list)
    verdict: Verdict | None = None


class Run:
    """Whom one policy tells, pages and has act."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.names: dict[Recipient, str] = {}
        # Recipient -> alerts told of, and times of single messages.
        self.told_of: dict[Recipient, set[int]] = defaultdict(set)
        self.single: dict[Recipient, list[datetime]] = defaultdict(list)
        self.groups: dict[_GroupKey, SimulatedGroup] = {}
        self._told: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        # Alert -> recipients who know of it -> by what group, if any, and whose subscription.
        self._heard: dict[int, dict[Recipient, tuple[_GroupKey | None, int | None]]]
        self._heard = defaultdict(dict)
        self._set: dict[int, dict[str, str]] = defaultdict(dict)
        self._held: set[int] = set()
        self._acknowledged: set[int] = set()

    def happen(self, what: Happened, firing: Firing) -> Answer:
        """Ask about the next transition."""
        if what.kind == Kind.ACKNOWLEDGED:
            self._acknowledged.add(what.alert)
        elif what.kind in (Kind.UNACKNOWLEDGED, Kind.WORSENED):
            self._acknowledged.discard(what.alert)
        if what.kind in ENDS:
            return self._end(what)
        if what.kind in OF_SEVERITY or what.kind == Kind.WOKEN:
            return self._fire(what, firing)
        if what.kind == Kind.RELEASED and what.alert in self._held:
            return self._fire(what, firing)
        return Answer()

    def _fire(self, what: Happened, firing: Firing) -> Answer:
        labels = what.labels | self._set[what.alert]
        severity = what.severity if what.severity in SEVERITY_RANK else labels["severity"]
        about = f"{what.kind} {what.pk}" if what.kind in (Kind.WOKEN, Kind.RELEASED) else ""
        verdict = self.policy.decide(
            _Subject(what.alert, what.runbook_url, labels),
            severity,
            now=what.at,
            about=about,
            told=self._told[what.alert],
            firing=firing,
        )
        self._set[what.alert] |= {
            name: verdict.values[name]
            for name in _LASTING
            if any(change.field == name for change in verdict.changes)
        }
        if verdict.suppressed:
            self._held.add(what.alert)
            return Answer(verdict=verdict)
        self._held.discard(what.alert)
        if what.snoozed or (what.kind == Kind.IMPROVED and what.alert in self._acknowledged):
            return Answer(verdict=verdict)
        for telling in verdict.tellings:
            self._tell(telling, what, about or verdict.severity)
        return Answer([telling.name for telling in verdict.tellings], verdict)

    def _tell(self, telling: Telling, what: Happened, about: str) -> None:
        recipient = telling.recipient
        self.names[recipient] = telling.name
        self.told_of[recipient].add(what.alert)
        if telling.channel is not None:
            self._told[what.alert][telling.channel].add(about)
        key = None
        if telling.group is None:
            self.single[recipient].append(what.at)
        else:
            key = (recipient, telling.rule, telling.subscription, telling.group.labels)
            self._group(key, telling.group).fire(what.alert, what.at)
        self._heard[what.alert].setdefault(recipient, (key, telling.subscription))

    def _group(self, key: _GroupKey, grouping: Grouping) -> SimulatedGroup:
        group = self.groups.setdefault(key, SimulatedGroup(grouping))
        group.grouping = grouping
        return group

    def _end(self, what: Happened) -> Answer:
        """The end goes to everyone who heard of it."""
        told = []
        for recipient, (key, subscription) in self._heard.pop(what.alert, {}).items():
            if subscription is not None and not self.policy.tells_end.get(subscription, True):
                continue
            if key is None:
                self.single[recipient].append(what.at)
                told.append(self.names[recipient])
            elif self.groups[key].end(what.alert, what.at):
                told.append(self.names[recipient])
        self._held.discard(what.alert)
        self._acknowledged.discard(what.alert)
        return Answer(told)

    def messages(self) -> dict[Recipient, list[datetime]]:
        """When each recipient got a message; what is still waiting is sent."""
        found = defaultdict(list, {key: list(times) for key, times in self.single.items()})
        for (recipient, *_), group in self.groups.items():
            group.settle()
            found[recipient] += group.sent
        return found
