"""Store: put a change on the timeline."""

from datetime import datetime

from chronos.models import ChangeEvent
from chronos.normalise import Change


def record_change(change: Change, *, now: datetime) -> ChangeEvent:
    """Store the change; texts longer than their column are cut, since a change must not be lost."""
    return ChangeEvent.objects.create(
        kind=change.kind[:100],
        summary=change.summary[:500],
        actor=change.actor[:200],
        source=change.source[:200],
        service=change.service[:200],
        environment=change.environment[:100],
        region=change.region[:100],
        version=change.version[:200],
        team=change.team[:100],
        subject=change.subject[:300],
        labels=dict(change.labels),
        details=dict(change.details),
        started_at=change.started_at,
        ended_at=change.ended_at,
        recorded_at=now,
    )
