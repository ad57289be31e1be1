"""Store: put changes on the timeline."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from chronos.count import hour_of, mark_stale
from chronos.fold import event_of, fold_report, is_again, key_of, report_key_of
from chronos.insert import insert_keys
from chronos.models import ChangeEvent, EventKey
from chronos.names import note_names
from chronos.normalise import Change, ChangeReceipt
from chronos.partitions import ensure_partitions
from chronos.settle import decided_by, settle_running
from chronos.unify import unify_names
from opsportal.lib.insert import insert_rows

NEAR = timedelta(days=31)
# So far from the ends of the calendar that NEAR can be added.
_EARLIEST, _LATEST = datetime(1, 3, 1, tzinfo=UTC), datetime(9999, 10, 1, tzinfo=UTC)
RECORDED, UPDATED, REPEATED = "recorded", "updated", "repeated"
_NEVER_UPDATED = ("id", "source", "external_id", "recorded_at")
_UPDATED = [
    field.name for field in ChangeEvent._meta.concrete_fields if field.name not in _NEVER_UPDATED
]


def record_change(change: Change, *, now: datetime) -> ChangeEvent:
    """Store a change of the portal's own."""
    event = event_of(change, now=now)
    event.save(force_insert=True)
    settle_running([event])
    return event


def record_changes(
    changes: Sequence[Change], *, now: datetime, named: Collection[str] = ()
) -> list[ChangeReceipt]:
    """Store what was reported, many in a handful of statements; what became of each.

    Reports of one change fold into one row; what is `named` they correct there. Raises
    OvertakenError when another process stored one of them first: then all of it is to be done
    again (`start_over`).
    """
    if not changes:
        return []
    changes = unify_names(changes)
    reports = [event_of(change, now=now) for change in changes]
    keys = [(key_of(change), report_key_of(change)) for change in changes]
    with transaction.atomic():
        ensure_partitions((report.started_at for report in reports), now=now)
        note_names(reports, now=now)
        kept = _kept({key for pair in keys for key in pair if key is not None})
        batch = _Batch(_locked(kept, reports), now, named)
        placed = [batch.fold(report, *pair) for report, pair in zip(reports, keys, strict=True)]
        batch.store()
        _keep_keys(batch.renewed, kept)
    return [ChangeReceipt(event.pk, outcome, event.external_id) for event, outcome in placed]


class _Batch:
    """Reports folded into the changes that are there and into each other."""

    def __init__(
        self, known: dict[UUID, ChangeEvent], now: datetime, named: Collection[str]
    ) -> None:
        self._known, self._now, self._named = known, now, named
        self._began = [(event, event.started_at) for event in known.values()]
        self._new: list[ChangeEvent] = []
        self._changed: dict[int, ChangeEvent] = {}
        self._repeated: dict[int, ChangeEvent] = {}
        self._decided = decided_by(known.values())
        # Keys that from now on stand for these.
        self.renewed: dict[UUID, ChangeEvent] = {}

    def fold(
        self, report: ChangeEvent, key: UUID | None, number: UUID | None
    ) -> tuple[ChangeEvent, str]:
        """The change that the report is of, and what became of it."""
        heard = self._known.get(number) if number else None
        event = heard or (self._known.get(key) if key else None)
        if event is None or not (heard or is_again(event, report)):
            self._new.append(report)
            for found in filter(None, (key, number)):
                self._known[found] = self.renewed[found] = report
            return report, RECORDED
        if number and not heard:
            self._known[number] = self.renewed[number] = event
        event.reports += 1
        different = not heard and fold_report(event, report, now=self._now, named=self._named)
        if event.pk is not None:
            (self._changed if different else self._repeated)[event.pk] = event
        return event, UPDATED if different else REPEATED

    def store(self) -> None:
        """Write all of it, and what follows from it."""
        insert_rows(self._new)
        # By what they were before: of a partitioned table the rest is not read.
        there = _around(at for _, at in self._began)
        if self._changed:
            there.bulk_update(list(self._changed.values()), _UPDATED)
        if again := [event for pk, event in self._repeated.items() if pk not in self._changed]:
            there.bulk_update(again, ["reports"])
        before = {pk: was for pk, was in self._decided.items() if pk in self._changed}
        settle_running([*self._new, *self._changed.values()], before)
        mark_stale(at for event, at in self._began if hour_of(at) != hour_of(event.started_at))


def _kept(keys: set[UUID]) -> dict[UUID, int]:
    """The keys that are there, and the ids of their changes."""
    return dict(EventKey.objects.filter(pk__in=keys).values_list("pk", "event_id")) if keys else {}


def _locked(kept: dict[UUID, int], reports: Iterable[ChangeEvent]) -> dict[UUID, ChangeEvent]:
    """The changes themselves, so that others fold after us; retention may have taken some.

    Most began about when they are reported to have: of a partitioned table the rest is not read.
    """
    if not kept:
        return {}
    ids = set(kept.values())
    near = (
        _around((report.started_at for report in reports), NEAR).select_for_update().order_by("pk")
    )
    rows = near.in_bulk(ids)
    if far := ids - rows.keys():
        rows |= ChangeEvent.objects.select_for_update().order_by("pk").in_bulk(far)
    return {key: rows[pk] for key, pk in kept.items() if pk in rows}


def _around(
    instants: Iterable[datetime], margin: timedelta = timedelta(0)
) -> QuerySet[ChangeEvent]:
    """Changes that began between the first and the last of these."""
    ordered = sorted(instants)
    if not ordered:
        return ChangeEvent.objects.none()
    span = (_moved(ordered[0], -margin), _moved(ordered[-1], margin))
    return ChangeEvent.objects.filter(started_at__range=span)


def _moved(instant: datetime, by: timedelta) -> datetime:
    return min(max(instant, _EARLIEST), _LATEST) + by if by else instant


def _keep_keys(renewed: dict[UUID, ChangeEvent], kept: dict[UUID, int]) -> None:
    """A key whose change is another one from now on is moved to it."""
    insert_keys({key: event.pk for key, event in renewed.items() if key not in kept})
    moved = [EventKey(key, event.pk) for key, event in renewed.items() if key in kept]
    if moved:
        EventKey.objects.bulk_update(moved, ["event_id"])
