"""How many changes there were, by fields and by times."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import CharField, Count, Value
from django.db.models.functions import Cast, Coalesce

from chronos.ask.reading import Reading
from chronos.ask.resolve import Window
from chronos.ask.select import query_of
from chronos.ask.vocabulary import PERIODS
from chronos.histogram import Slot
from chronos.search import matching
from opsportal.lib.errors import PayloadError

# Every zone's days begin with one of these.
_SLOT = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Group:
    """How many changes have these values, in the order of the reading's grouping."""

    values: tuple[str, ...]
    count: int


def count_changes(reading: Reading, windows: Sequence[Window], zone: ZoneInfo) -> list[Group]:
    """The groups of the reading, largest first, or in the order of time; a query a window.

    What began in the interval counts, so that no change counts for two days. Without a grouping
    it is one group. Raises PayloadError.
    """
    if "tag" in reading.grouping:
        raise PayloadError("changes cannot be counted by tag; count by service, kind or another")
    timed = any(name in PERIODS for name in reading.grouping)
    fields = [name for name in reading.grouping if name not in PERIODS]
    # As expressions: SQLite would walk an index that is in the order of the groups, all of it.
    plain = [Coalesce(Cast(name, CharField()), Value("")) for name in fields]
    columns: list[Any] = [*([Slot("started_at", seconds=_SLOT.seconds)] if timed else []), *plain]
    counts: Counter[tuple[str, ...]] = Counter()
    for window in windows:
        if window.concerns:
            raise PayloadError("what freezes concern can be listed, not counted")
        found = matching(query_of(reading, window)).order_by()
        found = found.filter(started_at__gte=window.since, started_at__lt=window.until)
        if not columns:
            counts[()] += found.count()
            continue
        for *facts, count in found.values_list(*columns).annotate(found=Count("pk")).iterator():
            counts[_values(reading, facts, zone, timed=timed)] += count
    if not reading.grouping:
        counts.setdefault((), 0)
    groups = [Group(values, count) for values, count in counts.items()]
    groups.sort(key=lambda group: group.values if timed else (-group.count, group.values))
    return groups


def _values(reading: Reading, facts: list[Any], zone: ZoneInfo, *, timed: bool) -> tuple[str, ...]:
    begun = (_EPOCH + facts.pop(0) * _SLOT).astimezone(zone) if timed else None
    rest = iter(facts)
    return tuple(
        _period(begun, name) if begun and name in PERIODS else str(next(rest))
        for name in reading.grouping
    )


def _period(begun: datetime, name: str) -> str:
    """Where the hour, day, week (from Monday) or month of the instant begins, as text."""
    if name == "hour":
        return begun.replace(minute=0).isoformat(timespec="minutes")
    day = begun.date()
    if name == "week":
        day -= timedelta(days=day.weekday())
    elif name == "month":
        day = day.replace(day=1)
    return day.isoformat()
