"""Coverage: which sources tell of changes, how often they usually do, and which fell silent.

What is usual is asked of the hour of the week: of the last four weeks' counts, how many of the
hours of silence had something at that hour of that day. So nights and weekends are not silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from django.core.cache import cache
from django.db.models import Sum

from chronos.count import HOUR, hour_of, progress_of_counting
from chronos.models import ChangeCount, KnownName, SourceExpectation
from chronos.normalise import OURS

# Habits are of so long before it was heard last; after so long a silence it is taken for gone.
WINDOW, GONE_AFTER = timedelta(days=28), timedelta(days=30)
# Less than that is not yet a habit.
_FEWEST_HOURS, _SHORTEST_HABIT = 10, timedelta(days=7)
# Silent once so many hours that usually have something had nothing, and half as many again as 19
# of 20 pauses had.
_LEAST_MISSED, _BEYOND_USUAL = 3.0, 1.5
MOST_SOURCES = 1000
HEARD, SILENT, LEARNING, UNWATCHED, GONE = "heard", "silent", "learning", "unwatched", "gone"
_ORDER = (SILENT, HEARD, LEARNING, UNWATCHED, GONE)
_KEPT = timedelta(minutes=5)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SourceCoverage:
    """How a source stands."""

    source: str
    state: str
    first_seen_at: datetime
    last_seen_at: datetime
    # Of pauses between hours in which it was heard; None: not known yet.
    median_gap: timedelta | None
    long_gap: timedelta | None  # 19 of 20 are shorter
    # Silent from then on; None: cannot be said, or not within four weeks.
    due_at: datetime | None
    every: timedelta | None  # as somebody has set it
    days: tuple[int, ...]  # changes of each of the last 28 days


def cover_sources(*, now: datetime) -> list[SourceCoverage]:
    """Every source that was heard of within three months, silent ones first; in four queries."""
    names = KnownName.objects.filter(
        field="source", last_seen_at__gte=now - 3 * GONE_AFTER, first_seen_at__isnull=False
    ).exclude(name=OURS)
    known = list(names.order_by("-last_seen_at")[:MOST_SOURCES])
    hours = _hours([name.name for name in known], now)
    set_up = {row.source: row for row in SourceExpectation.objects.all()}
    progress = progress_of_counting()
    listening = progress.listening_since if progress and progress.listening_since else now
    found = [
        _cover(name, hours.get(name.name, {}), set_up.get(name.name), listening, now)
        for name in known
    ]
    return sorted(found, key=lambda source: (_ORDER.index(source.state), source.source))


def silent_sources(now: datetime) -> list[str]:
    """Names of those that fell silent, as of at most five minutes ago."""
    found: list[str] | None = cache.get("chronos:silent")
    if found is None:
        found = [row.source for row in cover_sources(now=now) if row.state == SILENT]
        cache.set("chronos:silent", found, _KEPT.total_seconds())
    return found


def uncovered_services(most: int = 200) -> list[KnownName]:
    """Services that others name and no change ever did, those spoken of last first."""
    rows = KnownName.objects.filter(
        field="service", mentioned_at__isnull=False, first_seen_at__isnull=True
    )
    return list(rows.order_by("-mentioned_at", "name")[:most])


def _hours(sources: Sequence[str], now: datetime) -> dict[str, dict[datetime, int]]:
    """Source -> hour -> changes; nothing of the future."""
    rows = (
        ChangeCount.objects.filter(
            source__in=sources, hour__gte=hour_of(now) - WINDOW - GONE_AFTER, hour__lte=now
        )
        .order_by("source", "hour")
        .values_list("source", "hour")
        .annotate(total=Sum("count"))
    )
    found: dict[str, dict[datetime, int]] = {}
    for source, hour, total in rows:
        found.setdefault(source, {})[hour] = total
    return found


def _cover(
    name: KnownName,
    counts: Mapping[datetime, int],
    expected: SourceExpectation | None,
    listening: datetime,
    now: datetime,
) -> SourceCoverage:
    first, last = name.first_seen_at, name.last_seen_at
    if first is None or last is None:
        raise ValueError("never heard of")
    hours = [hour for hour in counts if hour > last - WINDOW]  # in order
    gaps = sorted(later - hour for hour, later in pairwise(hours))
    every = expected.every if expected else None
    # What was to be heard while the portal did not listen was not missed by the source.
    since = max(last, listening)
    due_at = since + every if every else _due_at(hours, since)
    if expected is not None and not expected.watched:
        state = UNWATCHED
    elif now - last > GONE_AFTER and not every:
        state = GONE
    elif due_at is None:
        state = LEARNING if not _is_habit(hours) else HEARD
    else:
        state = SILENT if now >= due_at else HEARD
    return SourceCoverage(
        source=name.name,
        state=state,
        first_seen_at=first,
        last_seen_at=last,
        median_gap=_quantile(gaps, 0.5) if _is_habit(hours) else None,
        long_gap=_quantile(gaps, 0.95) if _is_habit(hours) else None,
        due_at=due_at,
        every=every,
        days=_days(counts, now),
    )


def _is_habit(hours: Sequence[datetime]) -> bool:
    return len(hours) >= _FEWEST_HOURS and hours[-1] - hours[0] >= _SHORTEST_HABIT


def _due_at(hours: Sequence[datetime], since: datetime) -> datetime | None:
    """The end of the hour with which it has missed too much."""
    if not _is_habit(hours):
        return None
    usual = _usual(hours)
    start = hours[0]
    # missed[n]: how many of the first n hours usually have something.
    missed = [0.0]
    for number in range(int((hours[-1] - start) / HOUR) + 1):
        missed.append(missed[-1] + usual[_slot(start + number * HOUR)])
    places = [int((hour - start) / HOUR) for hour in hours]
    pauses = sorted(missed[later] - missed[place + 1] for place, later in pairwise(places))
    limit = max(_LEAST_MISSED, _BEYOND_USUAL * _quantile(pauses, 0.95))
    total, hour = 0.0, hour_of(since) + HOUR
    for _ in range(int(WINDOW / HOUR)):
        total += usual[_slot(hour)]
        hour += HOUR
        # Sums of fractions fall a little short.
        if total >= limit - 1e-9:
            return hour
    return None


def _usual(hours: Sequence[datetime]) -> list[float]:
    """For each hour of the week, in which part of the weeks it had something."""
    weeks = max(1.0, (hours[-1] - hours[0] + HOUR) / timedelta(weeks=1))
    heard = [0] * 168
    for hour in hours:
        heard[_slot(hour)] += 1
    return [min(1.0, count / weeks) for count in heard]


def _slot(hour: datetime) -> int:
    return hour.weekday() * 24 + hour.hour


def _days(counts: Mapping[datetime, int], now: datetime) -> tuple[int, ...]:
    days = [0] * WINDOW.days
    for hour, total in counts.items():
        age = (now.date() - hour.date()).days
        if age < len(days):
            days[-1 - age] += total
    return tuple(days)


def _quantile(ordered: Sequence[T], part: float) -> T:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
