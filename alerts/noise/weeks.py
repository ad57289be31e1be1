"""Teams by weeks: what came, what was held back, what somebody did about it, and how soon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)

from alerts.models import Alert, Remediation, Transition
from opsportal.safety.models import Operation

# Medians are of a sample when there is more than that.
SAMPLE = 20_000
# The condition of the index that serves it.
_BY_PEOPLE = Q(user__isnull=False) | Q(key__isnull=False)


@dataclass(slots=True)
class Week:
    """One team in one week; `start` is the week's Monday."""

    team: str
    start: date
    episodes: int = 0
    repeats: int = 0
    resolved: int = 0
    held_back: int = 0
    acted_on: int = 0
    remediated: int = 0
    to_acknowledge: list[float] = field(default_factory=list)
    to_resolve: list[float] = field(default_factory=list)

    @property
    def ignored(self) -> int:
        """Over without anybody's doing: no person, no key, no remediation."""
        return max(0, self.resolved - self.acted_on - self.remediated)

    @property
    def without_person(self) -> int:
        """Over without a person, remediated or by itself."""
        return max(0, self.resolved - self.acted_on)

    @property
    def mtta(self) -> timedelta | None:
        """The median time until somebody acknowledged."""
        return timedelta(seconds=median(self.to_acknowledge)) if self.to_acknowledge else None

    @property
    def mttr(self) -> timedelta | None:
        """The median time until it was over."""
        return timedelta(seconds=median(self.to_resolve)) if self.to_resolve else None


class WeekTable:
    """Weeks by team, filled by one query after the other."""

    def __init__(self, bounds: Sequence[datetime], teams: Mapping[int, str]) -> None:
        self.bounds = bounds
        self._teams = teams
        self._weeks: dict[tuple[int | None, int], Week] = {}

    def number(self, column: str) -> Case:
        """The week of a column, as a number; plain comparisons, which every database does fast."""
        later = reversed(list(enumerate(self.bounds)))
        whens = [When(**{f"{column}__gte": bound}, then=Value(week)) for week, bound in later]
        return Case(*whens, default=Value(0), output_field=IntegerField())

    def week(self, team: int | None, number: int) -> Week:
        """The row of a team and a week."""
        name = self._teams.get(team, "") if team is not None else ""
        start = self.bounds[number].date()
        return self._weeks.setdefault((team, number), Week(name, start))

    def at(self, team: int | None, instant: datetime) -> Week:
        """The row of a team and an instant."""
        number = (instant - self.bounds[0]) // timedelta(weeks=1)
        return self.week(team, min(max(number, 0), len(self.bounds) - 1))

    def rows(self) -> list[Week]:
        """Latest week first, then by team; nobody's last."""
        rows = sorted(self._weeks.values(), key=lambda week: (not week.team, week.team))
        return sorted(rows, key=lambda week: week.start, reverse=True)

    def total(self) -> Week:
        """All of it in one row."""
        total = Week("", self.bounds[0].date())
        for week in self._weeks.values():
            for name in ("episodes", "repeats", "resolved", "held_back", "acted_on", "remediated"):
                setattr(total, name, getattr(total, name) + getattr(week, name))
            total.to_acknowledge += week.to_acknowledge
            total.to_resolve += week.to_resolve
        return total


def count_episodes(table: WeekTable, episodes: QuerySet[Alert]) -> None:
    """How many came, were repeated, ended, and were held back."""
    counted = (
        episodes.order_by()
        .annotate(week=table.number("received_at"))
        .values_list("team_id", "week")
        .annotate(
            Count("pk"),
            Sum("repeat_count"),
            Count("resolved_at"),
            held=Count("pk", filter=~Q(suppressed="")),
        )
    )
    for team, number, *counts in counted:
        week = table.week(team, number)
        week.episodes, week.repeats, week.resolved, week.held_back = counts


def count_deeds(table: WeekTable, since: datetime, team: str) -> None:
    """What people, keys and remediations did about those that are over."""
    acted = Transition.objects.filter(_BY_PEOPLE, at__gte=since)
    mended = Remediation.objects.filter(operation__state=Operation.State.DONE)
    by_person = Transition.objects.filter(_BY_PEOPLE, alert=OuterRef("alert"))
    for name, rows in (("acted_on", acted), ("remediated", mended.exclude(Exists(by_person)))):
        found: QuerySet[Any] = rows.filter(
            alert__received_at__gte=since, alert__resolved_at__isnull=False
        )
        if team:
            found = found.filter(alert__team__name=team)
        counted = (
            found.order_by()
            .annotate(week=table.number("alert__received_at"))
            .values_list("alert__team_id", "week")
            .annotate(Count("alert", distinct=True))
        )
        for team_id, number, count in counted:
            setattr(table.week(team_id, number), name, count)


def measure(
    table: WeekTable, episodes: QuerySet[Alert], since: datetime, team: str, every: int
) -> None:
    """Times until acknowledged and until over; of every so-manieth episode when there are many."""
    over = episodes.filter(resolved_at__isnull=False).order_by()
    if every > 1:
        over = over.annotate(place=F("id") % every).filter(place=0)
    rows: QuerySet[Any, Any] = over.values_list("team_id", "received_at", "resolved_at")
    for team_id, received, resolved in rows[: 2 * SAMPLE]:
        seconds = (resolved - received).total_seconds()
        table.at(team_id, received).to_resolve.append(seconds)
    taken = Transition.objects.filter(
        _BY_PEOPLE, at__gte=since, kind=Transition.Kind.ACKNOWLEDGED, alert__received_at__gte=since
    )
    if team:
        taken = taken.filter(alert__team__name=team)
    seen: set[int] = set()
    columns = ("alert_id", "alert__team_id", "alert__received_at", "at")
    # The first time counts; the newest are read when there are too many.
    for alert_id, team_id, received, at in reversed(
        taken.order_by("-at").values_list(*columns)[:SAMPLE]
    ):
        if alert_id not in seen:
            seen.add(alert_id)
            week = table.at(team_id, received)
            week.to_acknowledge.append((at - received).total_seconds())
