"""The facets as the console shows them: values with counts, each a link to a narrower search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from alerts.facets import FACETS, Counts
from alerts.normalise import SEVERITIES
from alerts.search import NONE

SHOWN, FOLDED = 6, 30
_TITLES = {"state": "Held back", "environment": "Environment"}
_LABELS = {
    ("status", "firing"): "not acknowledged",
    ("state", "held"): "held back",
    ("service", NONE): "no service",
    ("environment", NONE): "no environment",
    ("team", NONE): "no team",
    ("region", NONE): "no region",
    ("source", NONE): "no source",
}
Params = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value; `count` is None where it was not counted."""

    value: str
    label: str
    count: int | None
    chosen: bool
    url: str


@dataclass(frozen=True, slots=True)
class FacetGroup:
    """One facet; `more` is folded away."""

    name: str
    title: str
    values: Sequence[FacetValue]
    more: Sequence[FacetValue]
    clear: str

    @property
    def chosen(self) -> bool:
        """Whether it narrows the search."""
        return any(value.chosen for value in (*self.values, *self.more))


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
    values = [
        FacetValue(
            value, _LABELS.get((name, value), value), count, value in chosen,
            _toggled(params, name, value, chosen),
        )
        for value, count in sorted(counts.items(), key=lambda item: _place(name, item, chosen))
        if count or count is None or value in chosen or name == "status"
    ]  # fmt: skip
    shown = max(SHOWN, len(chosen))
    return FacetGroup(
        name=name,
        title=_TITLES.get(name, name.capitalize()),
        values=values[:shown],
        more=values[shown : shown + FOLDED],
        clear=_url({**params, name: ()}),
    )


def _place(name: str, item: tuple[str, int | None], chosen: Sequence[str]) -> tuple[object, ...]:
    """Severities by rank; else what is chosen, what is frequent, and by name."""
    value, count = item
    if name == "severity":
        return (SEVERITIES.index(value) if value in SEVERITIES else len(SEVERITIES), value)
    if name == "status":
        return (("firing", "acknowledged", "resolved").index(value),)
    return (value not in chosen, -(count or 0), value)


def _toggled(params: Params, name: str, value: str, chosen: Sequence[str]) -> str:
    values = [found for found in chosen if found != value]
    if value not in chosen:
        values.append(value)
    return _url({**params, name: values})


def _url(params: Params) -> str:
    kept = {name: list(values) for name, values in params.items() if values}
    return "/alerts/" + (f"?{urlencode(kept, doseq=True)}" if kept else "")
