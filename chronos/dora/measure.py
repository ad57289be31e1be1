"""From deployments to figures, in one query and one walk through each place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils.module_loading import import_string

from chronos.dora.deployments import Deployment, deployments_by_place
from chronos.dora.figures import BLAMED, FAILED, HOTFIXED, ROLLED_BACK, Figures
from chronos.dora.query import DoraQuery

# Groups that are told of; the rest are in the total.
MOST_GROUPS = 100
# From the ids of changes to when what they brought about began.
Blamed = Mapping[int, datetime]


@dataclass(frozen=True, slots=True)
class DoraReport:
    """The figures of all, of each week by its Monday, and of each group, the busiest first."""

    query: DoraQuery
    total: Figures
    weeks: Sequence[tuple[date, Figures]]
    groups: Sequence[tuple[str, Figures]]
    # Whether every deployment was counted, and every group is here.
    complete: bool


def measure_dora(query: DoraQuery, blamed: Blamed | None = None) -> DoraReport:
    """Measure. `blamed` are changes that were found to be the cause of something."""
    causes = _ask_who_knows(query) if blamed is None else blamed
    days = (query.until - query.since) / timedelta(days=1)
    total, groups = Figures(days), dict[str, Figures]()
    mondays = [query.since + timedelta(weeks=n) for n in range(query.weeks)]
    weeks = [Figures(min(7.0, (query.until - monday) / timedelta(days=1))) for monday in mondays]
    places, complete = deployments_by_place(query)
    for rows in places:
        for index, row in enumerate(rows):
            if not query.since <= row.ended_at < query.until:
                continue
            group = groups.setdefault(getattr(row, query.by), Figures(days))
            week = weeks[(row.ended_at - query.since) // timedelta(weeks=1)]
            _count((total, week, group), rows, index, causes, query.within)
    busiest = sorted(groups.items(), key=lambda item: (-item[1].attempts, item[0]))
    return DoraReport(
        query,
        total,
        [(monday.date(), week) for monday, week in zip(mondays, weeks, strict=True)],
        busiest[:MOST_GROUPS],
        complete and len(busiest) <= MOST_GROUPS,
    )


def _ask_who_knows(query: DoraQuery) -> Blamed:
    """What settings.BLAMES says: functions of a moment since when."""
    found: dict[int, datetime] = {}
    for path in settings.BLAMES:
        known: Callable[[datetime], Blamed] = import_string(path)
        found |= known(query.since)
    return found


def _count(
    figures: Sequence[Figures],
    rows: Sequence[Deployment],
    index: int,
    blamed: Blamed,
    within: timedelta,
) -> None:
    row = rows[index]
    if row.is_rollback:
        for one in figures:
            one.rollbacks += row.succeeded
        return
    reason = _why_failed(rows, index, blamed, within)
    began = max(blamed.get(row.id, row.ended_at), row.ended_at)
    recovered = _next_success(rows, index, began) if reason else None
    commits = row.commit_times() if row.succeeded else []
    for one in figures:
        one.attempts += 1
        one.deployments += row.succeeded
        one.hotfixes += row.is_hotfix
        one.with_commits += bool(commits)
        one.lead_seconds += [(row.ended_at - at).total_seconds() for at in commits]
        if reason:
            one.reasons[reason] += 1
        if recovered:
            one.recovery_seconds.append((recovered.ended_at - began).total_seconds())


def _why_failed(rows: Sequence[Deployment], index: int, blamed: Blamed, within: timedelta) -> str:
    """The reason, empty where it did not fail."""
    row = rows[index]
    if not row.succeeded:
        return FAILED
    if row.id in blamed:
        return BLAMED
    after = _next_success(rows, index, row.ended_at)
    if after is None or after.ended_at - row.ended_at > within:
        return ""
    if after.is_rollback:
        # A rollback to the same: something that failed in between was taken back.
        return "" if after.version and after.version == row.version else ROLLED_BACK
    if after.version and after.version != row.version and after.version == _before(rows, index):
        return ROLLED_BACK
    return HOTFIXED if after.is_hotfix else ""


def _next_success(rows: Sequence[Deployment], index: int, since: datetime) -> Deployment | None:
    later = (row for row in rows[index + 1 :] if row.succeeded and row.ended_at >= since)
    return next(later, None)


def _before(rows: Sequence[Deployment], index: int) -> str:
    """The version that ran before; empty where that is not known."""
    earlier = (row.version for row in reversed(rows[:index]) if row.succeeded)
    return rows[index].previous_version or next(earlier, "")
