"""What could not be read, for people who must grant or mend something."""

from datetime import datetime

from django.db.models import F

from security.collect.look import Sighting
from security.models import CollectorError, Scope

_BATCH = 500


def note_errors(scope: Scope, sighting: Sighting, *, now: datetime) -> None:
    """Count each trouble of this asking; what could be read again is cleared."""
    troubles: dict[tuple[str, str, str], tuple[str, str]] = {}
    if sighting.trouble is not None:
        trouble = sighting.trouble
        action = f"{trouble.operation}" if trouble.operation else ""
        troubles["", "", trouble.code] = (trouble.message, action)
    for resource_id, facets in sighting.unknown.items():
        for facet, why in facets.items():
            troubles[resource_id, facet, why["code"]] = (why["message"], why["action"])
    known = CollectorError.objects.filter(scope=scope)
    rows = {(row.resource_id, row.facet, row.code): row for row in known}
    again = [row.pk for key, row in rows.items() if key in troubles]
    if again:
        known.filter(pk__in=again).update(count=F("count") + 1, last_at=now, cleared_at=None)
    if sighting.complete:
        known.exclude(pk__in=again).filter(cleared_at=None).update(cleared_at=now)
    CollectorError.objects.bulk_create(
        [
            CollectorError(
                scope=scope, resource_id=resource_id, facet=facet, code=code,
                message=message, action=action, first_at=now, last_at=now,
            )
            for (resource_id, facet, code), (message, action) in troubles.items()
            if (resource_id, facet, code) not in rows
        ],
        batch_size=_BATCH,
    )  # fmt: skip
