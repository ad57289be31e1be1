"""What is found, counted by what it has in common."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from certs.search.find import search_certificates
from certs.search.query import COLUMNS, NONE, CertificateQuery

COUNTED = 500


@dataclass(frozen=True, slots=True)
class Counts:
    """Facet -> value -> certificates; `capped` when there were more than were counted."""

    values: Mapping[str, Mapping[str, int]]
    capped: bool


def count_facets(query: CertificateQuery) -> Counts:
    """Of the first COUNTED; a facet that narrows is counted as if it did not.

    One query, and one for each facet in use.
    """
    rows = _read(query, tuple(COLUMNS))
    values = {name: _count(row[place] for row in rows) for place, name in enumerate(COLUMNS)}
    capped = len(rows) >= COUNTED
    for name in COLUMNS:
        if query.wanted.get(name):
            others = _read(replace(query, wanted={**query.wanted, name: ()}), (name,))
            values[name] = _count(row[0] for row in others)
            capped = capped or len(others) >= COUNTED
    return Counts(values, capped)


def _read(query: CertificateQuery, names: Sequence[str]) -> list[tuple[str | None, ...]]:
    kept = {name: texts for name, texts in query.wanted.items() if texts}
    found = search_certificates(replace(query, wanted=kept)).order_by(*query.keyset)
    return list(found.values_list(*(COLUMNS[name] for name in names))[:COUNTED])


def _count(values: Any) -> Mapping[str, int]:
    return Counter(value or NONE for value in values)
