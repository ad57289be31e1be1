"""What a listing did not have. Only a complete one may say so, and only a proof says deleted."""

from collections.abc import Mapping
from datetime import datetime

from security.collect.look import Sighting, Stored
from security.collect.store import Writer, resources_by_id
from security.collectors import Collector
from security.models import CloudResource, Collection, Scope

State = CloudResource.State
# More than this share and this number of a scope at once is likelier an error than a deed.
MASS_SHARE, MASS_NUMBER = 0.3, 10


def settle_absent(
    collection: Collection,
    scope: Scope,
    collector: type[Collector],
    sighting: Sighting,
    known: Mapping[str, Stored],
    writer: Writer,
    *,
    now: datetime,
) -> None:
    """Missing after one complete listing without it, deleted after the second or by a proof."""
    gone = {known[target].pk for target in sighting.gone if target in known}
    absent: dict[int, str] = {}
    if collection.is_full and sighting.complete:
        absent = {
            row.pk: row.state
            for resource_id, row in known.items()
            if resource_id not in sighting.listed and row.state != State.DELETED
        }
    there = sum(row.state == State.ACTIVE for row in known.values())
    new = [pk for pk, state in absent.items() if state == State.ACTIVE]
    held = len(new) > MASS_NUMBER and len(new) > MASS_SHARE * there
    scope.held = (
        {"since": scope.held.get("since") or now.isoformat(), "absent": len(new), "of": there}
        if held
        else {}
    )
    if held:
        absent = {}
    rows = resources_by_id(sorted({*gone, *absent}))
    for pk, row in rows.items():
        if row.state == State.DELETED:
            continue
        if pk in gone or row.state == State.MISSING:
            writer.delete(row, now)
        else:
            writer.miss(row)
    collection.missing = len(rows)
