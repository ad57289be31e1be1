"""Following the timeline: what is new or has changed since it was last asked.

In the order of `updated_at`. A transaction may commit after one that began later, so what lies
just before the place that a follower has reached is looked at again; marks of what it has seen
there travel with the place, and it is told each update once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from django.db.models import Q

from chronos.models import ChangeEvent
from chronos.search import EventQuery, matching
from opsportal.lib.ids import IdIn

# So far back it is looked again, if no more changes than that lie there.
OVERLAP, MOST_MARKS = timedelta(seconds=10), 300


@dataclass(frozen=True, slots=True)
class Reached:
    """Up to where a follower has seen all, and marks of what it has seen beyond."""

    updated_at: datetime
    id: int = 0
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class News:
    """What is new, oldest first; `more` when there is more of it already."""

    events: list[ChangeEvent]
    reached: Reached
    more: bool


def follow_events(query: EventQuery, reached: Reached, limit: int, *, now: datetime) -> News:
    """Of the next `limit` updates those that fit; at most two queries, whatever is asked for."""
    behind = Q(updated_at__gt=reached.updated_at) | Q(id__gt=reached.id)
    rows = list(
        ChangeEvent.objects.filter(behind, updated_at__gte=reached.updated_at)
        .order_by("updated_at", "id")
        .values_list("updated_at", "id", "started_at")[: limit + len(reached.marks) + 1]
    )
    marked = [(mark_of(updated_at, pk), updated_at, pk) for updated_at, pk, _ in rows]
    new = [place for place, row in enumerate(marked) if row[0] not in reached.marks]
    more = len(new) > limit
    if more:
        del rows[new[limit] :], marked[new[limit] :], new[limit:]
    if not new:
        return News([], _beyond(reached, marked, now), more=False)
    starts = [rows[place][2] for place in new]
    events = (
        matching(query)
        .filter(IdIn([rows[place][1] for place in new]))
        # So that PostgreSQL looks into few partitions.
        .filter(started_at__range=(min(starts), max(starts)))
        .order_by("updated_at", "id")
    )
    return News(list(events), _beyond(reached, marked, now), more)


def mark_of(updated_at: datetime, pk: int) -> str:
    """A short name of one update of one change."""
    return blake2b(f"{pk} {updated_at.timestamp()}".encode(), digest_size=4).hexdigest()


def _beyond(reached: Reached, seen: list[tuple[str, datetime, int]], now: datetime) -> Reached:
    """The place before which nothing more is to come."""
    recent = [row for row in seen if row[1] > now - OVERLAP][-MOST_MARKS:]
    settled = seen[: len(seen) - len(recent)]
    if settled:
        reached = Reached(settled[-1][1], settled[-1][2])
    return Reached(reached.updated_at, reached.id, frozenset(row[0] for row in recent))
