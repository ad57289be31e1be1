"""Which sources are due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import SystemRandom

from django.db import transaction

from certs.models import Source, SourceRun
from certs.sources import source_kind

_BATCH = 200
_LONG = timedelta(days=3650)
_jitter = SystemRandom()


def plan_runs(*, now: datetime) -> int:
    """A run for each source whose time has come; how many."""
    # A new one is due at once.
    Source.objects.filter(enabled=True, next_at=None).update(next_at=now)
    due = list(Source.objects.filter(enabled=True, next_at__lte=now).order_by("next_at")[:_BATCH])
    return ask_for_runs(due, now=now) if due else 0


def ask_for_runs(sources: Sequence[Source], *, now: datetime, asked_by: str = "") -> int:
    """A run of each, unless one waits already; and the time of the next one."""
    asked = [row for row in sources if (kind := source_kind(row.kind)) and not kind.pushed]
    with transaction.atomic():
        SourceRun.objects.bulk_create(
            [SourceRun(source=row, asked_by=asked_by, asked_at=now, due_at=now) for row in asked],
            ignore_conflicts=True,
        )
        for row in sources:
            # A tenth more or less, so that they do not march in step.
            waits = row.interval * _jitter.uniform(0.9, 1.1)
            row.next_at = now + (waits if row in asked else _LONG)
        Source.objects.bulk_update(sources, ["next_at"])
    return len(asked)
