"""Which endpoints are due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import SystemRandom

from django.db import transaction

from certs.models import Endpoint, Probe

_BATCH = 2000
# After a probe that read no chain; twice as long after each further one, up to the interval.
_FIRST_RETRY = timedelta(minutes=1)
_jitter = SystemRandom()


def plan_probes(*, now: datetime) -> int:
    """A probe for each endpoint whose time has come; how many."""
    # A new one is due at once.
    Endpoint.objects.filter(enabled=True, next_at=None).update(next_at=now)
    due = list(
        Endpoint.objects.filter(enabled=True, next_at__lte=now)
        .only("interval")
        .order_by("next_at")[:_BATCH]
    )
    if not due:
        return 0
    for row in due:
        row.next_at = now + spread(row.interval)
    with transaction.atomic():
        ask_for_probes(due, now=now)
        Endpoint.objects.bulk_update(due, ["next_at"], batch_size=500)
    return len(due)


def ask_for_probes(endpoints: Sequence[Endpoint], *, now: datetime, asked_by: str = "") -> None:
    """A probe of each, unless one waits already."""
    Probe.objects.bulk_create(
        [
            Probe(endpoint_id=row.pk, asked_by=asked_by[:200], asked_at=now, due_at=now)
            for row in endpoints
        ],
        ignore_conflicts=True, batch_size=500,
    )  # fmt: skip


def retry_after(failures: int, interval: timedelta) -> timedelta:
    """How long to wait after so many probes in a row that read nothing."""
    wait: timedelta = _FIRST_RETRY * 2 ** min(max(failures - 1, 0), 20)
    return min(spread(wait), interval)


def spread(wait: timedelta) -> timedelta:
    """A tenth more or less, so that they do not march in step."""
    return wait * _jitter.uniform(0.9, 1.1)
