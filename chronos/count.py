"""Count: changes by the hour, again where something came, was moved or went."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import CharField, Count, Exists, Func, Sum

from chronos.models import ChangeCount, ChangeEvent, CountProgress, StaleHour
from chronos.names import note_seen
from chronos.retention import cutoff_of

HOUR = timedelta(hours=1)
# What was stamped so long before may have been committed since.
_COMMITTED_WITHIN = timedelta(minutes=5)
# Retention takes what is older than its cutoff; a count so near to it only grows.
_NEAR = timedelta(days=1)
# Hours that are counted at once; seconds after which the rest is for the next run.
_ROWS_AT_ONCE, _LONGEST_RUN = 200, 30
# A gap in which the portal did not look is one in which it did not listen.
DEAF_AFTER = timedelta(minutes=15)
_PROGRESS = 1
_BY = ("kind", "environment", "source", "status")
Counts = dict[tuple[datetime, str, str, str, str], int]
NONE: Mapping[str, Sequence[str]] = MappingProxyType({})


class _HourText(Func):
    """The hour of an instant as YYYY-MM-DD HH, in UTC; quick on both databases."""

    output_field = CharField()
    arity = 1

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="substr(%(expressions)s, 1, 13)", **context
        )

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')"
        return self.as_sql(compiler, connection, template=template, **context)


def hour_of(instant: datetime) -> datetime:
    """The first instant of its hour, in UTC."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def mark_stale(instants: Iterable[datetime]) -> None:
    """Have the hours counted again: for changes that were moved in time or removed.

    What was recorded or updated is found by itself.
    """
    hours = sorted({hour_of(at) for at in instants})
    if not hours:
        return
    StaleHour.objects.bulk_create([StaleHour(hour=hour) for hour in hours], batch_size=1000)


def count_changes(*, now: datetime) -> int:
    """Bring the counts up to date; how many hours were counted.

    Can be repeated at will: an hour is counted from its changes, never added to. What is not done
    within half a minute is left for the next run.
    """
    _note_touched(now)
    total, began = 0, monotonic()
    while monotonic() - began < _LONGEST_RUN:
        stale = dict(StaleHour.objects.order_by("hour").values_list("pk", "hour")[:_ROWS_AT_ONCE])
        if not stale:
            break
        runs = _runs(sorted(set(stale.values())))
        # Read before the transaction: others wait for its lock.
        counted = {run: _counted(*run) for run in runs}
        with transaction.atomic():
            _progress()
            rows = StaleHour.objects.filter(pk__in=list(stale))
            if rows.count() < len(stale):
                continue  # another process counts: what it wrote may be newer
            for (since, until), counts in counted.items():
                _write(since, until, counts, now)
                total += int((until - since) / HOUR)
            rows.delete()
    return total


def counts_by_hour(
    since: datetime,
    until: datetime,
    *,
    by: str = "kind",
    wanted: Mapping[str, Sequence[str]] = NONE,
) -> dict[tuple[datetime, str], int]:
    """(hour, value of `by`) -> number of changes that began in hours of [since, until).

    `wanted` holds the values of kind, environment, source and status that are asked for. Behind
    the present by at most two minutes.
    """
    found = ChangeCount.objects.filter(hour__gte=hour_of(since), hour__lt=until)
    for name, values in wanted.items():
        if values:
            found = found.filter(**{f"{name}__in": list(values)})
    rows = found.order_by().values_list("hour", by).annotate(total=Sum("count"))
    return {(hour, value): total for hour, value, total in rows}


def is_counted(since: datetime, until: datetime) -> bool:
    """Whether the hours that begin within are counted, but for the one that goes on."""
    waiting = StaleHour.objects.filter(hour__gte=hour_of(since), hour__lt=hour_of(until))
    done = CountProgress.objects.filter(pk=_PROGRESS, counted_at__isnull=False)
    return done.filter(~Exists(waiting)).exists()


def progress_of_counting() -> CountProgress | None:
    """How far counting has come; None: it has not begun."""
    return CountProgress.objects.filter(pk=_PROGRESS).first()


def _progress() -> CountProgress:
    """The one row, locked: one counts at a time."""
    found = CountProgress.objects.select_for_update().filter(pk=_PROGRESS).first()
    if found is None:
        CountProgress.objects.bulk_create([CountProgress(pk=_PROGRESS)], ignore_conflicts=True)
        found = CountProgress.objects.select_for_update().get(pk=_PROGRESS)
    return found


def _note_touched(now: datetime) -> None:
    """Mark the hours of what was recorded or updated since the last time."""
    seen = progress_of_counting()
    touched = ChangeEvent.objects.all()
    if seen is not None and seen.counted_at is not None:
        touched = touched.filter(updated_at__gte=seen.counted_at - _COMMITTED_WITHIN)
    hours = touched.order_by().values_list(_HourText("started_at"), flat=True).distinct()
    stale = [_read_hour(text) for text in hours]
    note_seen(touched)
    with transaction.atomic():
        progress = _progress()
        mark_stale(stale)
        if progress.looked_at is None or now - progress.looked_at > DEAF_AFTER:
            progress.listening_since = now
        progress.counted_at = progress.looked_at = now
        progress.save()


def _read_hour(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H").replace(tzinfo=UTC)


def _runs(hours: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """Hours that follow each other as one interval."""
    runs: list[tuple[datetime, datetime]] = []
    for hour in hours:
        if runs and runs[-1][1] == hour:
            runs[-1] = (runs[-1][0], hour + HOUR)
        else:
            runs.append((hour, hour + HOUR))
    return runs


def _counted(since: datetime, until: datetime) -> Counts:
    """The changes that began within."""
    rows = (
        ChangeEvent.objects.filter(started_at__gte=since, started_at__lt=until)
        .order_by()
        .values_list(_HourText("started_at"), *_BY)
        .annotate(total=Count("pk"))
    )
    return {
        (_read_hour(hour), kind, environment, source, status): total
        for hour, kind, environment, source, status, total in rows
    }


def _write(since: datetime, until: datetime, counts: Counts, now: datetime) -> None:
    """Write what differs."""
    counted = dict(counts)
    gone: list[int] = []
    for row in ChangeCount.objects.filter(hour__gte=since, hour__lt=until):
        key = (row.hour, row.kind, row.environment, row.source, row.status)
        # Of an hour that retention has been at, what is left says nothing of what was.
        kept = row.hour < cutoff_of(row.kind, now=now) + _NEAR
        if counted.get(key, 0) == row.count or (kept and counted.get(key, 0) < row.count):
            counted.pop(key, None)
        elif key not in counted:
            gone.append(row.pk)
    ChangeCount.objects.filter(pk__in=gone).delete()
    rows = [
        ChangeCount(
            hour=hour, kind=kind, environment=environment, source=source, status=status, count=total
        )
        for (hour, kind, environment, source, status), total in counted.items()
    ]
    ChangeCount.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["hour", *_BY],
        update_fields=["count"],
        batch_size=1000,
    )
