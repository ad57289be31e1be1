"""Prune: what is older than the retention of its kind goes; its counts stay."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min, Q, QuerySet

from chronos.models import ChangeEvent, EventKey, KnownName, StaleHour
from chronos.partitions import drop_partition, existing_months, next_month
from chronos.retention import cutoff_of
from opsportal.lib.retention import MOST_BATCHES, delete_in_batches

_ROWS = 2000


def prune_changes(*, now: datetime) -> int:
    """Delete them, whole months where they are partitions; how many rows went, months apart.

    To be called after `count_changes`; while it has not come that far, nothing goes.
    """
    if StaleHour.objects.filter(hour__lt=now - min(_spans())).exists():
        return 0
    if connection.vendor == "postgresql":
        _drop_months(now)
    kinds = settings.CHANGE_RETENTION_BY_KIND
    total = sum(_prune(_old(kind, now)) for kind in kinds)
    rest = ChangeEvent.objects.exclude(kind__in=list(kinds)) if kinds else ChangeEvent.objects.all()
    return total + _prune(rest.filter(started_at__lt=cutoff_of("", now=now)))


def prune_names(*, now: datetime) -> int:
    """Forget names that nobody has told for as long as changes are kept."""
    cutoff = now - max(_spans())
    seen = Q(last_seen_at__lt=cutoff) | Q(last_seen_at=None)
    old = KnownName.objects.filter(seen, Q(mentioned_at__lt=cutoff) | Q(mentioned_at=None))
    return delete_in_batches(old, order_by="pk")


def _spans() -> list[timedelta]:
    return [settings.CHANGE_RETENTION, *settings.CHANGE_RETENTION_BY_KIND.values()]


def _old(kind: str, now: datetime) -> QuerySet[ChangeEvent]:
    return ChangeEvent.objects.filter(kind=kind, started_at__lt=cutoff_of(kind, now=now))


def _prune(old: QuerySet[ChangeEvent]) -> int:
    total = 0
    for _ in range(MOST_BATCHES):
        with transaction.atomic():
            found = list(old.order_by("started_at", "id").values_list("pk", flat=True)[:_ROWS])
            EventKey.objects.filter(event_id__in=found).delete()
            ChangeEvent.objects.filter(pk__in=found).delete()
        total += len(found)
        if len(found) < _ROWS:
            break
    return total


def _drop_months(now: datetime) -> None:
    """Drop the months of which nothing is to be kept, the oldest first."""
    for month in sorted(existing_months()):
        if next_month(month) > now - min(_spans()):
            break
        if not _all_old(month, now):
            continue
        _forget_keys(month)
        if not drop_partition(month):
            break  # the next run


def _all_old(month: datetime, now: datetime) -> bool:
    """Whether every change of the month is past the retention of its kind."""
    end = next_month(month)
    kinds = settings.CHANGE_RETENTION_BY_KIND
    there = ChangeEvent.objects.filter(started_at__gte=month, started_at__lt=end)
    kept = [kind for kind in kinds if cutoff_of(kind, now=now) < end]
    if there.filter(kind__in=kept).exists():
        return False
    return cutoff_of("", now=now) >= end or not there.exclude(kind__in=list(kinds)).exists()


def _forget_keys(month: datetime) -> None:
    """What its changes are recognised by, in batches by id."""
    there = ChangeEvent.objects.filter(started_at__gte=month, started_at__lt=next_month(month))
    after = (there.aggregate(first=Min("pk"))["first"] or 1) - 1
    while found := list(
        there.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:_ROWS]
    ):
        EventKey.objects.filter(event_id__in=found).delete()
        after = found[-1]
