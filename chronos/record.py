"""Store: put changes on the timeline."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from chronos.fold import event_of, fold_report, is_again, key_of, report_key_of
from chronos.insert import insert_events, insert_keys
from chronos.models import ChangeEvent, EventKey
from chronos.normalise import Change, ChangeReceipt
from chronos.settle import Place, decided_place, settle_running

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
    IntegrityError when another process stored one of them first: then all of it is to be done
    again.
    """
    if not changes:
        return []
    reports = [event_of(change, now=now) for change in changes]
    keys = [key_of(change) for change in changes]
    numbers = [report_key_of(change) for change in changes]
    with transaction.atomic():
        kept = _kept({key for key in (*keys, *numbers) if key is not None})
        known = _locked(kept)
        new: list[ChangeEvent] = []
        changed: dict[int, ChangeEvent] = {}
        repeated: dict[int, ChangeEvent] = {}
        placed: list[tuple[ChangeEvent, str]] = []
        renewed: dict[UUID, ChangeEvent] = {}
        left: list[tuple[int, Place]] = []
        for key, number, report in zip(keys, numbers, reports, strict=True):
            heard = known.get(number) if number else None
            event = heard or (known.get(key) if key else None)
            if event is None or not (heard or is_again(event, report)):
                new.append(report)
                placed.append((report, RECORDED))
                for found in filter(None, (key, number)):
                    known[found] = renewed[found] = report
                continue
            if number and not heard:
                known[number] = renewed[number] = event
            event.reports += 1
            place = decided_place(event)
            different = not heard and fold_report(event, report, now=now, named=named)
            if place is not None and decided_place(event) != place:
                left.append((event.pk, place))
            placed.append((event, UPDATED if different else REPEATED))
            if event.pk is not None:
                (changed if different else repeated)[event.pk] = event
        insert_events(new)
        _keep_keys(renewed, kept)
        _update(changed, repeated)
        settle_running([*new, *changed.values()], left)
    return [ChangeReceipt(event.pk, outcome, event.external_id) for event, outcome in placed]


def _update(changed: dict[int, ChangeEvent], repeated: dict[int, ChangeEvent]) -> None:
    """Store what is new of those that were there, and that the others were reported again."""
    if changed:
        ChangeEvent.objects.bulk_update(list(changed.values()), _UPDATED)
    if again := [event for pk, event in repeated.items() if pk not in changed]:
        ChangeEvent.objects.bulk_update(again, ["reports"])


def _kept(keys: set[UUID]) -> dict[UUID, int]:
    """The keys that are there, and the ids of their changes."""
    return dict(EventKey.objects.filter(pk__in=keys).values_list("pk", "event_id")) if keys else {}


def _locked(kept: dict[UUID, int]) -> dict[UUID, ChangeEvent]:
    """The changes themselves, so that others fold after us; retention may have taken some."""
    if not kept:
        return {}
    rows = ChangeEvent.objects.select_for_update().order_by("pk").in_bulk(set(kept.values()))
    return {key: rows[pk] for key, pk in kept.items() if pk in rows}


def _keep_keys(renewed: dict[UUID, ChangeEvent], kept: dict[UUID, int]) -> None:
    """A key whose change is another one from now on is moved to it."""
    insert_keys({key: event.pk for key, event in renewed.items() if key not in kept})
    moved = [EventKey(key, event.pk) for key, event in renewed.items() if key in kept]
    if moved:
        EventKey.objects.bulk_update(moved, ["event_id"])
