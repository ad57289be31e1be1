"""What is decided about one alert, and why."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from alerts.labels import alert_labels
from alerts.models import Alert, RuleAction

Reason = dict[str, object]


class Subject(Protocol):
    """An alert to decide about."""

    @property
    def pk(self) -> int:
        """Its id."""

    @property
    def runbook_url(self) -> str:
        """What rules may set, but matchers do not see."""

    def matched_labels(self) -> dict[str, str]:
        """What matchers see; a copy of its own."""


@dataclass(frozen=True, slots=True)
class StoredSubject:
    """A stored episode as a subject; its team must have been fetched with it."""

    alert: Alert

    @property
    def pk(self) -> int:
        """Its id."""
        return self.alert.pk

    @property
    def runbook_url(self) -> str:
        """What rules may set, but matchers do not see."""
        return self.alert.runbook_url

    def matched_labels(self) -> dict[str, str]:
        """What matchers see."""
        return alert_labels(self.alert)


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that a rule changes; `value` is what the column takes."""

    field: str
    before: str
    after: str
    value: Any
    rule: str


@dataclass(frozen=True, slots=True)
class Grouping:
    """With what else it is told, and when."""

    labels: tuple[tuple[str, str], ...]
    wait: timedelta
    interval: timedelta
    # Of a digest, or of quiet hours: when it is told, whatever the group has waited.
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """Somebody who is to be told."""

    # None: the own channel of `user`, who has none yet.
    channel: int | None
    name: str
    rule: int | None = None
    subscription: int | None = None
    user: int | None = None
    group: Grouping | None = None

    @property
    def recipient(self) -> tuple[int | None, int | None]:
        """Who is told: two tellings of one recipient are one."""
        return (self.channel, None) if self.channel is not None else (None, self.user)


@dataclass(frozen=True, slots=True)
class Page:
    """A team to be paged."""

    team: int
    name: str
    rule: int
    # Where the rule groups: labels by whose values alerts share one walk.
    group: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something to be done about the alert."""

    rule: int
    plugin: str
    parameters: Mapping[str, Any]
    dry_run: bool
    approval: str


@dataclass(slots=True)
class Verdict:
    """What is to happen with one alert."""

    # What matchers saw before any rule was asked.
    labels: dict[str, str]
    # What rules may set, as it stands after all of them.
    values: dict[str, str]
    tellings: list[Telling] = field(default_factory=list)
    # Names of those who would be told and have been told of the same before.
    already: list[str] = field(default_factory=list)
    pages: Sequence[Page] = ()
    remedies: Sequence[Remedy] = ()
    changes: list[Setting] = field(default_factory=list)
    # What holds back all telling, paging and remediation; empty: nothing.
    suppressed: str = ""
    # What took part; see `Decision.reasons`.
    reasons: list[Reason] = field(default_factory=list)

    @property
    def severity(self) -> str:
        """The effective one."""
        return self.values[RuleAction.Field.SEVERITY]

    def hold_back(self, text: str, reason: Reason) -> None:
        """Nobody is told; what was first says so."""
        self.suppressed = self.suppressed or text[:300]
        self.reasons.append(reason)


@dataclass(frozen=True, slots=True)
class Source:
    """An open alert because of which others are held back."""

    pk: int
    name: str
    # It matches the targets of the inhibition as well.
    two_sided: bool


class Firing:
    """The sources of each inhibition, by the values that must be equal."""

    def __init__(self, found: Iterable[tuple[int, tuple[str, ...], Source]] = ()) -> None:
        self._sources: dict[tuple[int, tuple[str, ...]], list[Source]] = defaultdict(list)
        # Of all the sources.
        self.pks: set[int] = set()
        for inhibition, equal, source in found:
            self._sources[inhibition, equal].append(source)
            self.pks.add(source.pk)

    def __bool__(self) -> bool:
        return bool(self._sources)

    def source(
        self, inhibition: int, equal: tuple[str, ...], pk: int, *, two_sided: bool
    ) -> Source | None:
        """A source that holds back alert `pk`; one that is both does not by another such."""
        return next(
            (
                source
                for source in self._sources.get((inhibition, equal), ())
                if source.pk != pk and not (two_sided and source.two_sided)
            ),
            None,
        )


NOTHING_FIRES = Firing()
