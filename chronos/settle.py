"""Store: keep up what runs where, as deployments are recorded."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, F, Min, OuterRef, Q, Value, Window
from django.db.models.functions import RowNumber

from chronos.models import ChangeEvent, Running
from chronos.normalise import DEPLOYING, REMOVED, SUCCEEDED
from opsportal.lib.times import EARLIEST

# Rows a statement, and places that are named in one.
_BATCH, _PLACES = 1000, 200


class _Written(Value):
    """A word of ours that stands in the statement: SQLite uses a partial index only then."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        return f"'{self.value}'", ()


# What decides the state: the condition of the index `change_deployed`.
DECIDES = Q(kind__in=[_Written(kind) for kind in DEPLOYING], status=_Written(SUCCEEDED))
_COLUMNS = [field.attname for field in Running._meta.concrete_fields if not field.primary_key]
_TABLE = Running._meta.db_table
# The newest end wins, and of equal ones what was recorded last, in whatever order transactions
# come: a row that another one holds is waited for and compared with as it is then.
_KEEP = f"""
INSERT INTO {_TABLE} ({", ".join(_COLUMNS)}) VALUES %s
ON CONFLICT (service, environment, region) DO UPDATE
SET {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS)}
WHERE (excluded.since, excluded.event_id) >= ({_TABLE}.since, {_TABLE}.event_id)
"""
_VALUES = f"({', '.join(['%s'] * len(_COLUMNS))})"


class Place(NamedTuple):
    """Where a service runs."""

    service: str
    environment: str
    region: str


class Decided(NamedTuple):
    """What a deployment decided: the state of a place from an instant on."""

    place: Place
    since: datetime


def decided(event: ChangeEvent) -> Decided | None:
    """What the change decides; None: nothing."""
    if event.kind not in DEPLOYING or event.status != SUCCEEDED or not event.service:
        return None
    if event.ended_at is None:
        return None
    return Decided(Place(event.service, event.environment, event.region), event.ended_at)


def decided_by(events: Iterable[ChangeEvent]) -> dict[int, Decided]:
    """What each decides, by its id."""
    return {event.pk: found for event in events if (found := decided(event)) is not None}


def settle_running(
    events: Sequence[ChangeEvent], before: Mapping[int, Decided] = MappingProxyType({})
) -> None:
    """Note what these changes, as they are stored now, left running: one statement for a thousand.

    `before` is what those decided that were there before. To be called in the transaction that
    stores them.
    """
    now = decided_by(events)
    moved = {pk: was.place for pk, was in before.items() if now.get(pk) != was}
    if moved:
        Running.objects.filter(event_id__in=moved).delete()
    in_order = sorted(events, key=lambda event: (event.ended_at or EARLIEST, event.pk))
    newest = {now[event.pk].place: event for event in in_order if event.pk in now}
    if newest:
        _keep(list(newest.values()))
    # Where they were what is before them counts.
    left = sorted(set(moved.values()))
    for start in range(0, len(left), _PLACES):
        _keep(list(_newest(_any_of(left[start : start + _PLACES]))))


def rebuild_state() -> int:
    """Make what runs where anew from the changes; how many places there are.

    A place whose change is gone and older than any that is there stays as it is: retention took
    the change, and what it left runs on.
    """
    with transaction.atomic():
        known = Exists(ChangeEvent.objects.filter(pk=OuterRef("event_id")))
        oldest = ChangeEvent.objects.filter(DECIDES).aggregate(at=Min("ended_at"))["at"]
        Running.objects.filter(known | Q(since__gte=oldest) if oldest else known).delete()
        batch: list[ChangeEvent] = []
        for event in _newest(Q()).iterator(_BATCH):
            batch.append(event)
            if len(batch) == _BATCH:
                _keep(batch)
                batch = []
        _keep(batch)
        return Running.objects.count()


def _newest(places: Q) -> Any:
    """The change that decides each place."""
    order = Window(
        RowNumber(),
        partition_by=["service", "environment", "region"],
        order_by=[F("ended_at").desc(), F("id").desc()],
    )
    deciding = ChangeEvent.objects.filter(DECIDES, places).exclude(service="").order_by()
    return deciding.annotate(place_order=order).filter(place_order=1)


def _keep(events: Sequence[ChangeEvent]) -> None:
    # Sorted, so that concurrent batches take their locks in one order.
    rows = sorted(map(_row, events), key=lambda row: row[:3])
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            plain = [(*row[:-1], str(row[-1].replace(tzinfo=None))) for row in rows]
            cursor.executemany(_KEEP % _VALUES, plain)
            return
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            values = ", ".join([_VALUES] * len(batch))
            cursor.execute(_KEEP % values, list(chain.from_iterable(batch)))


def _row(event: ChangeEvent) -> tuple[Any, ...]:
    """The values in the order of the fields."""
    removed = event.action == REMOVED
    version, previous = event.version, event.previous_version
    return (
        event.service, event.environment, event.region, "" if removed else version,
        previous or (version if removed else ""), removed, event.kind, event.team, event.actor,
        event.source, event.pk, event.ended_at,
    )  # fmt: skip


def _any_of(places: Sequence[Place]) -> Q:
    found = Q()
    for place in places:
        found |= Q(**place._asdict())
    return found
