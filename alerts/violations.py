"""Changes that began during a freeze are alerted on, one alert for each freeze and service."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from alerts.normalise import AlertEvent, Link
from alerts.receive import receive_alerts
from chronos.models import Violation
from chronos.normalise import change_url
from chronos.violations import LATE, RECENT, mark_violations
from opsportal.lib.deadlocks import start_over

# Without another one it is over.
RESOLVED_AFTER = timedelta(hours=4)
_BATCH, _MOST_LINKS = 200, 10


def sweep_violations(*, now: datetime) -> int:
    """Mark and alert on what began of late; how many violations were alerted on."""
    mark_violations(now=now, since=now - RECENT)
    return raise_violations(now=now)


def find_late_violations(*, now: datetime) -> int:
    """The same of what was heard of long after it began."""
    mark_violations(now=now, since=now - LATE)
    return raise_violations(now=now)


def raise_violations(*, now: datetime) -> int:
    """Alert on those that nobody has heard of; how many."""

    def raise_alerts() -> int:
        with transaction.atomic():
            rows = Violation.objects.select_for_update(skip_locked=True, of=("self",))
            rows = rows.select_related("freeze").filter(alerted_at=None)
            found = list(rows.order_by("pk")[:_BATCH])
            together: dict[tuple[object, str], list[Violation]] = defaultdict(list)
            for violation in found:
                together[violation.freeze_id, violation.service].append(violation)
            receive_alerts([_event(some) for some in together.values()], now=now)
            ids = [violation.pk for violation in found]
            Violation.objects.filter(pk__in=ids).update(alerted_at=now)
        return len(found)

    total = 0
    while raised := start_over(raise_alerts):
        total += raised
    return total


def _event(violations: Sequence[Violation]) -> AlertEvent:
    """The latest change stands for all."""
    violations = sorted(violations, key=lambda found: (found.at, found.event_id))
    latest = violations[-1]
    freeze = latest.freeze
    name = latest.freeze_name
    by = f" by {latest.actor}" if latest.actor else ""
    lines = [
        f"{found.at:%Y-%m-%d %H:%M} UTC {found.kind}: {found.title}"
        for found in violations[-_MOST_LINKS:]
    ]
    reason = freeze.reason if freeze else ""
    page = f"{settings.PUBLIC_URL}/changes/freezes/"
    return AlertEvent(
        name="FreezeViolation",
        dedup_key=f"freeze:{latest.freeze_id or name}:{latest.service}"[:255],
        severity="warning",
        summary=f"{latest.title}{by} began during the freeze {name}"[:1024],
        description="\n".join([f"Frozen because: {reason}" if reason else name, *lines]),
        source="opsportal",
        service=latest.service,
        environment=latest.environment,
        labels={"freeze": name, "kind": latest.kind},
        links=(
            Link(page, "Freezes"),
            *(Link(change_url(found.event_id), found.title) for found in violations[-3:]),
        ),
        timeout=RESOLVED_AFTER,
        team_id=freeze.team_id if freeze else None,
    )
