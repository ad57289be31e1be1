"""What the rows of a list have in common, counted: each value a link to a narrower list."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

SHOWN, FOLDED = 6, 30
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


@dataclass(frozen=True, slots=True)
class FacetLinks:
    """Makes the groups of one page: its path, and what its URL asks for already."""

    path: str
    params: Params

    def group(
        self,
        name: str,
        counted: Iterable[tuple[str, int | None]],
        chosen: Sequence[str],
        *,
        title: str = "",
        label: Callable[[str], str] = str,
    ) -> FacetGroup:
        """The facet of that parameter, in the order given; what is beyond the first is folded."""
        values = [
            FacetValue(value, label(value), count, value in chosen, self._toggled(name, value))
            for value, count in counted
        ]
        shown = max(SHOWN, len(chosen))
        return FacetGroup(
            name=name,
            title=title or name.capitalize(),
            values=values[:shown],
            more=values[shown : shown + FOLDED],
            clear=self.url({**self.params, name: ()}),
        )

    def url(self, params: Params) -> str:
        """The page with these parameters."""
        kept = {name: list(values) for name, values in params.items() if values}
        return self.path + (f"?{urlencode(kept, doseq=True)}" if kept else "")

    def _toggled(self, name: str, value: str) -> str:
        chosen = [found for found in self.params.get(name, ()) if found not in ("open", "all")]
        kept = [found for found in chosen if found != value]
        return self.url({**self.params, name: kept if value in chosen else [*kept, value]})


def by_count(
    counts: Mapping[str, int | None], chosen: Sequence[str]
) -> list[tuple[str, int | None]]:
    """What is chosen first, then what is frequent, then by name."""
    items = counts.items()
    return sorted(items, key=lambda item: (item[0] not in chosen, -(item[1] or 0), item[0]))
