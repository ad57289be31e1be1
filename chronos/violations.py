"""Decide: which changes began during a freeze that concerned them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from chronos.freezes import CompiledFreeze, load_freezes, seen_of
from chronos.models import ChangeEvent, Violation
from chronos.normalise import CANCELLED, OURS, PLANNED
from chronos.search import QUERY_FIELDS
from opsportal.lib.matchers import filter_queryset

# What is looked at every few seconds; what is heard of later is found within the hour.
RECENT, LATE = timedelta(hours=1), timedelta(days=31)
MOST_AT_ONCE = 500
_COLUMNS = (
    "id", "kind", "action", "title", "service", "environment", "region", "version", "team",
    "actor", "source", "labels", "started_at",
)  # fmt: skip


def mark_violations(*, now: datetime, since: datetime) -> int:
    """Mark the changes that began since then and were not marked; how many were found.

    One query for all freezes, and one for each interval in which one held since then.
    """
    found = [
        Violation(
            event_id=event.pk,
            freeze_id=freeze.id,
            freeze_name=freeze.name,
            kind=event.kind,
            title=event.title,
            service=event.service,
            environment=event.environment,
            actor=event.actor,
            at=event.started_at,
            found_at=now,
        )
        for freeze in load_freezes()
        for event in _begun_in(freeze, since, now)
        if freeze.concerns(seen_of(event))
    ]
    if found:
        Violation.objects.bulk_create(found, ignore_conflicts=True)
    return len(found)


def _begun_in(freeze: CompiledFreeze, since: datetime, now: datetime) -> Iterator[ChangeEvent]:
    """What may violate it. The portal's own changes never do, nor what did not happen."""
    marked = Violation.objects.filter(event_id=OuterRef("pk"), freeze_id=freeze.id)
    for start, end in freeze.intervals(since, now):
        begun = ChangeEvent.objects.filter(
            kind__in=sorted(freeze.kinds),
            started_at__gte=max(start, since, freeze.known_at),
            started_at__lt=min(end, now),
        )
        begun = begun.exclude(source=OURS).exclude(status__in=(PLANNED, CANCELLED))
        begun = begun.exclude(service__in=sorted(freeze.exempt_services))
        begun = filter_queryset(begun, freeze.matchers, QUERY_FIELDS)
        yield from (
            begun.exclude(Exists(marked)).only(*_COLUMNS).order_by("-started_at")[:MOST_AT_ONCE]
        )
