"""What the changes of a search have in common, counted among the newest of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chronos.search import EventQuery, begun_within, matching

FACETS = ("kind", "status", "service", "environment", "actor", "team", "source")
# Counting on would cost more than the figures are worth.
COUNTED = 2000


@dataclass(frozen=True, slots=True)
class Counts:
    """Facet -> value -> changes; `capped` when there were more than were counted."""

    values: Mapping[str, Mapping[str, int]]
    capped: bool


def count_facets(query: EventQuery) -> Counts:
    """Count what the search finds; a facet that narrows it is counted as if it did not.

    One query, and one for each facet in use; none reads more than COUNTED rows.
    """
    rows = _read(query, FACETS)
    values = {name: _count(row[place] for row in rows) for place, name in enumerate(FACETS)}
    capped = len(rows) >= COUNTED
    for name in FACETS:
        if getattr(query, name):
            nothing: Mapping[str, Any] = {name: ()}
            others = _read(replace(query, **nothing), (name,))
            values[name] = _count(row[0] for row in others)
            capped = capped or len(others) >= COUNTED
    return Counts(values, capped)


def _read(query: EventQuery, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(begun_within(matching(query), query).values_list(*columns)[:COUNTED])


def _count(values: Any) -> Mapping[str, int]:
    counts = Counter(values)
    counts.pop("", None)
    return counts
