"""What the alerts of a search have in common, counted: how a list of thousands is narrowed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from alerts.models import Alert
from alerts.search import NONE, STATES, AlertQuery, search_alerts

# Facet -> column, in the order of the page.
FACETS: Mapping[str, str] = MappingProxyType(
    {
        "status": "status",
        "state": "",
        "severity": "severity",
        "service": "service",
        "environment": "environment",
        "team": "team__name",
        "region": "region",
        "source": "source",
        "name": "name",
    }
)
# Counting on would cost more than the figures are worth; beyond it they are of the newest.
COUNTED = 5000
_MARKS = ("suppressed", "snoozed_until", "flapping")
_COLUMNS = (*(column for column in FACETS.values() if column), *_MARKS)
_PLACE = {name: place for place, name in enumerate(_COLUMNS)}


@dataclass(frozen=True, slots=True)
class Counts:
    """Facet -> value -> how many alerts have it; `capped` when there were more than counted."""

    values: Mapping[str, Mapping[str, int]]
    capped: bool


def count_facets(query: AlertQuery) -> Counts:
    """Count what the search finds; a facet that narrows it is counted as if it did not.

    One query, and one for each facet in use; none reads more than COUNTED rows. Raises
    PayloadError.
    """
    rows = _read(query)
    values = _count(rows, FACETS, query)
    capped = len(rows) >= COUNTED
    for name in FACETS:
        if name == "status":
            # Of what is over only the newest would be counted, which says nothing.
            without = replace(query, status=("open",))
            if query.status == without.status:
                continue
        elif getattr(query, name):
            nothing: Mapping[str, Any] = {name: ()}
            without = replace(query, **nothing)
        else:
            continue
        rows = _read(without)
        values |= _count(rows, (name,), query)
        capped = capped or len(rows) >= COUNTED
    return Counts(values, capped)


def _read(query: AlertQuery) -> Sequence[tuple[Any, ...]]:
    return list(search_alerts(query).values_list(*_COLUMNS)[:COUNTED])


def _count(
    rows: Sequence[tuple[Any, ...]], names: Iterable[str], query: AlertQuery
) -> dict[str, Mapping[str, int]]:
    columns = list(zip(*rows, strict=True)) or [()] * len(_COLUMNS)
    counts: dict[str, Mapping[str, int]] = {}
    for name in names:
        if name == "state":
            counts[name] = _count_states(columns, query)
            continue
        found = Counter(columns[_PLACE[FACETS[name]]])
        nothing = found.pop("", 0) + found.pop(None, 0)
        counts[name] = {**found, NONE: nothing} if nothing else found
    if "status" in counts:
        counts["status"] = {
            status: counts["status"].get(status, 0)
            for status in (Alert.Status.FIRING.value, Alert.Status.ACKNOWLEDGED.value)
        }
    return counts


def _count_states(columns: Sequence[Sequence[Any]], query: AlertQuery) -> Mapping[str, int]:
    suppressed, snoozed, flapping = (columns[_PLACE[mark]] for mark in _MARKS)
    now = query.now
    sums = (
        sum(map(bool, suppressed)),
        sum(1 for until in snoozed if until and (now is None or until > now)),
        sum(map(bool, flapping)),
    )
    return dict(zip(STATES, sums, strict=True))
