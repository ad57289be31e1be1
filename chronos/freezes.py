"""Freezes as they are asked: which hold at a moment for a change, and when. Pure but for loading.

A freeze that lies in the future says nothing about now. Intervals are [start, end).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chronos.models import ChangeEvent, Freeze
from chronos.unify import canonical_name
from opsportal.lib.matchers import MatcherError, Matchers, parse_matchers
from opsportal.lib.windows import Recurrence, Window

# So far ahead the end of freezes that follow each other without a gap is looked for, and the next
# one: mostly it is near.
AHEAD = (timedelta(days=14), timedelta(days=400))
# Other names that matchers, questions and pipelines may use.
SYNONYMS: Mapping[str, str] = {"app": "service", "env": "environment"}
_SEEN = (
    "kind", "action", "service", "environment", "region", "version", "team", "actor", "source",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CompiledFreeze:
    """A freeze as it is asked."""

    id: int
    name: str
    reason: str
    matchers: Matchers
    # Why it concerns nothing, if its matchers cannot be read.
    complaint: str
    kinds: frozenset[str]
    team: str
    zone: str
    starts_at: datetime
    ends_at: datetime | None
    recurrence: Recurrence | None
    exceptions: tuple[tuple[datetime, datetime, str], ...]
    exempt_services: frozenset[str]
    exempt_actors: frozenset[str]
    known_at: datetime

    def intervals(self, since: datetime, until: datetime) -> list[Window]:
        """When it holds between the two times: in order, apart, not cut to them."""
        if self.recurrence is not None:
            found = self.recurrence.windows_between(since, until)
        elif self.ends_at is not None and self.starts_at < until and self.ends_at > since:
            found = [(self.starts_at, self.ends_at)]
        else:
            found = []
        pieces = _without(_merged(found), [(start, end) for start, end, _ in self.exceptions])
        return [(start, end) for start, end in pieces if start < until and end > since]

    def window_at(self, at: datetime) -> Window | None:
        """The interval that holds at that moment, to where it ends in truth."""
        if self.recurrence is not None and self.recurrence.window_at(at) is None:
            return None
        found = None
        for ahead in AHEAD:
            around = self.intervals(at, at + ahead)
            found = next(((start, end) for start, end in around if start <= at < end), None)
            if found is None or found[1] < at + ahead:
                break
        return found

    def next_window(self, at: datetime) -> Window | None:
        """The first interval that begins after that moment."""
        for ahead in AHEAD:
            coming = self.intervals(at, at + ahead)
            found = next(((start, end) for start, end in coming if start > at), None)
            # The end of one that is not seen whole would be too early.
            if found is not None and found[1] < at + ahead:
                return found
        return found

    def concerns(self, seen: Mapping[str, str]) -> bool:
        """Whether a change of these labels is frozen while it holds."""
        return (
            not self.complaint
            and seen.get("kind", "") in self.kinds
            and seen.get("service", "") not in self.exempt_services
            and seen.get("actor", "") not in self.exempt_actors
            and (not self.team or seen.get("team", "") in ("", self.team))
            and self.matchers.matches(with_synonyms(seen))
        )


@dataclass(frozen=True, slots=True)
class Frozen:
    """A freeze that holds, or the next that will."""

    freeze: CompiledFreeze
    since: datetime
    until: datetime


def frozen(
    freezes: Iterable[CompiledFreeze], at: datetime, seen: Mapping[str, str]
) -> list[Frozen]:
    """Those that hold at that moment for a change of these labels; who ends last comes first."""
    found = [
        Frozen(freeze, *window)
        for freeze in freezes
        if freeze.concerns(seen) and (window := freeze.window_at(at))
    ]
    return sorted(found, key=lambda one: one.until, reverse=True)


def next_frozen(
    freezes: Iterable[CompiledFreeze], at: datetime, seen: Mapping[str, str]
) -> Frozen | None:
    """The one that begins next for such a change."""
    coming = (
        Frozen(freeze, *window)
        for freeze in freezes
        if freeze.concerns(seen) and (window := freeze.next_window(at))
    )
    return min(coming, key=lambda one: one.since, default=None)


def freeze_intervals(
    since: datetime, until: datetime, freezes: Sequence[CompiledFreeze] | None = None
) -> list[Frozen]:
    """All freezes between the two times, expanded, in order; one query where none are given."""
    return sorted(
        (
            Frozen(freeze, *window)
            for freeze in (load_freezes() if freezes is None else freezes)
            for window in freeze.intervals(since, until)
        ),
        key=lambda one: (one.since, one.freeze.name),
    )


def load_freezes() -> list[CompiledFreeze]:
    """Those that are enabled: one query."""
    rows = Freeze.objects.filter(enabled=True).select_related("team")
    return [unify_freeze(compile_freeze(freeze)) for freeze in rows]


def compile_freeze(freeze: Freeze) -> CompiledFreeze:
    """Of the row, whose team must have been fetched with it."""
    matchers, complaint = Matchers(), ""
    try:
        matchers = parse_matchers(freeze.match)
    except MatcherError as error:
        complaint = error.message
    recurrence = None
    if freeze.recurrence and freeze.duration is not None:
        recurrence = Recurrence(
            freeze.recurrence, freeze.zone, freeze.starts_at, freeze.duration, freeze.ends_at
        )
    return CompiledFreeze(
        id=freeze.pk or 0,
        name=freeze.name,
        reason=freeze.reason,
        matchers=matchers,
        complaint=complaint,
        kinds=frozenset(freeze.kinds),
        team=freeze.team.name if freeze.team else "",
        zone=freeze.zone,
        starts_at=freeze.starts_at,
        ends_at=freeze.ends_at,
        recurrence=recurrence,
        exceptions=tuple(sorted(freeze.exception_times)),
        exempt_services=frozenset(freeze.exempt_services),
        exempt_actors=frozenset(freeze.exempt_actors),
        known_at=freeze.known_at,
    )


def unify_freeze(freeze: CompiledFreeze) -> CompiledFreeze:
    """With the names that changes are recorded with, in place of aliases; patterns stay."""
    items = tuple(
        replace(item, value=canonical_name(SYNONYMS.get(item.name, item.name), item.value))
        if item.op in {"=", "!="}
        else item
        for item in freeze.matchers.items
    )
    return replace(
        freeze,
        matchers=Matchers(items),
        exempt_services=frozenset(canonical_name("service", one) for one in freeze.exempt_services),
        exempt_actors=frozenset(canonical_name("actor", one) for one in freeze.exempt_actors),
    )


def seen_of(event: ChangeEvent) -> dict[str, str]:
    """What the matchers of freezes see of a change; its own fields win over its labels."""
    own = {name: value for name in _SEEN if (value := getattr(event, name))}
    return {**{str(name): str(value) for name, value in event.labels.items()}, **own}


def with_synonyms(seen: Mapping[str, str]) -> dict[str, str]:
    """Matchers may say app and env."""
    return {**{name: seen.get(meant, "") for name, meant in SYNONYMS.items()}, **seen}


def _merged(windows: Iterable[Window]) -> list[Window]:
    """What overlaps or follows without a gap is one."""
    found: list[Window] = []
    for start, end in sorted(windows):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _without(windows: Iterable[Window], exceptions: Iterable[Window]) -> list[Window]:
    """What is left of them."""
    rest = list(windows)
    for gone_from, gone_until in exceptions:
        rest = [
            piece
            for start, end in rest
            for piece in ((start, min(end, gone_from)), (max(start, gone_until), end))
            if piece[0] < piece[1]
        ]
    return rest
