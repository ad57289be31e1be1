"""The facets as the console shows them."""

from collections.abc import Mapping
from functools import partial

from alerts.facets import FACETS, Counts
from alerts.normalise import SEVERITIES
from alerts.search import NONE
from opsportal.lib.facets import FacetGroup, FacetLinks, Params, by_count

_TITLES = {"state": "Held back"}
_LABELS = {
    ("status", "firing"): "not acknowledged",
    ("state", "held"): "held back",
    ("service", NONE): "no service",
    ("environment", NONE): "no environment",
    ("team", NONE): "no team",
    ("region", NONE): "no region",
    ("source", NONE): "no source",
}


def group_facets(counts: Counts, params: Params) -> list[FacetGroup]:
    """All facets that have something to choose among."""
    groups = [_group(name, counts.values.get(name, {}), params) for name in FACETS]
    return [group for group in groups if group.values]


def _group(name: str, counted: Mapping[str, int], params: Params) -> FacetGroup:
    chosen = [value for value in params.get(name, ()) if value not in ("open", "all")]
    counts: dict[str, int | None] = {**dict.fromkeys(chosen), **counted}
    for value in chosen:
        if counts[value] is None and name != "status":
            counts[value] = 0
    if name == "status":
        counts.setdefault("resolved", None)
    kept = {
        value: count
        for value, count in counts.items()
        if count or count is None or value in chosen or name == "status"
    }
    return FacetLinks("/alerts/", params).group(
        name,
        _in_order(name, kept, chosen),
        chosen,
        title=_TITLES.get(name, ""),
        label=partial(_label, name),
    )


def _label(name: str, value: str) -> str:
    return _LABELS.get((name, value), value)


def _in_order(
    name: str, counts: Mapping[str, int | None], chosen: list[str]
) -> list[tuple[str, int | None]]:
    """Severities by rank, statuses as they follow, and others by their counts."""
    ranks = {"severity": SEVERITIES, "status": ("firing", "acknowledged", "resolved")}
    if name not in ranks:
        return by_count(counts, chosen)
    rank = ranks[name]
    return sorted(
        counts.items(),
        key=lambda item: (rank.index(item[0]) if item[0] in rank else len(rank), item[0]),
    )
