"""How many changes of each kind began when: counted in the database, in one query or two."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Count, Func

from chronos.count import counts_by_hour, is_counted
from chronos.search import EventQuery, matching

MOST_BARS = 120
_WIDTHS = (
    *(timedelta(seconds=seconds) for seconds in (1, 2, 5, 10, 15, 30)),
    *(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 4, 8, 16, 32)),
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Beyond it the bars are hours wide, and counting each change would take its time.
_RAW = timedelta(days=4)
_COUNTED_BY = ("kind", "environment", "source", "status")


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of [since, until) in slots of `width`; (start of the slot, kind) -> changes."""

    since: datetime
    until: datetime
    width: timedelta
    counts: Mapping[tuple[datetime, str], int]

    @property
    def kinds(self) -> Counter[str]:
        """How many of each kind there are in all."""
        kinds: Counter[str] = Counter()
        for (_, kind), count in self.counts.items():
            kinds[kind] += count
        return kinds


class Slot(Func):
    """The number of the slot of so many `seconds`, since 1970, that an instant lies in."""

    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # Instants are texts there; integers divide without a rest.
        template = "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER) / %(seconds)d"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s) / %(seconds)d)::bigint"
        return self.as_sql(compiler, connection, template=template, **context)


def count_by_time(query: EventQuery) -> Histogram:
    """The histogram of what began in the query's interval, which must have both ends."""
    if query.since is None or query.until is None:
        raise ValueError("a histogram needs an interval")
    width = choose_width(query.until - query.since)
    counts: Counter[tuple[datetime, str]] = Counter()
    if _is_counted(query):
        found = _from_hours(query, query.since, query.until, width)
    else:
        found = _count(query, width)
    for slot, kind, count in found:
        counts[_EPOCH + slot * width, kind] += count
    return Histogram(query.since, query.until, width, counts)


def choose_width(span: timedelta) -> timedelta:
    """The narrowest round width that needs no more than MOST_BARS slots."""
    for width in _WIDTHS:
        if span <= width * MOST_BARS:
            return width
    return timedelta(days=-(-span // (_WIDTHS[-1] * MOST_BARS)) * _WIDTHS[-1].days)


def start_of_slot(instant: datetime, width: timedelta) -> datetime:
    """Where the slot of the instant begins."""
    return instant - (instant - _EPOCH) % width


def _count(query: EventQuery, width: timedelta) -> Iterable[tuple[int, str, int]]:
    """(number of the slot since 1970, kind, changes), of the changes themselves."""
    found = matching(replace(query, since=None, until=None)).order_by()
    found = found.filter(started_at__gte=query.since, started_at__lt=query.until)
    slot = Slot("started_at", seconds=int(width.total_seconds()))
    return found.values_list(slot, "kind").annotate(count=Count("pk")).iterator()


def _is_counted(query: EventQuery) -> bool:
    """Whether the counts by the hour, which outlive the changes, say what is asked."""
    if query.since is None or query.until is None or query.until - query.since <= _RAW:
        return False
    nothing: Mapping[str, Any] = dict.fromkeys(_COUNTED_BY, ())
    asks_more = replace(query, **nothing, since=None, until=None) != EventQuery()
    return not asks_more and is_counted(query.since, query.until)


def _from_hours(
    query: EventQuery, since: datetime, until: datetime, width: timedelta
) -> Iterable[tuple[int, str, int]]:
    """The same of whole hours, also of those at the ends."""
    wanted = {name: getattr(query, name) for name in _COUNTED_BY}
    for (hour, kind), count in counts_by_hour(since, until, wanted=wanted).items():
        yield (hour - _EPOCH) // width, kind, count
