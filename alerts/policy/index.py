"""Which of a thousand match? One matcher of each is looked up by its label's value.

The lead of an item is the equality matcher that tells most items apart, so that a label's value
leads straight to the items that want it; an item without one is led by its first matcher, which is
tried once for each value that comes along. Items without matchers are always asked.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from alerts.policy.compiled import Asked
from opsportal.lib.matchers import Matcher, Matchers
from opsportal.lib.matchers.values import literal_words

# Answers kept; a storm has few different ones, and memory is not for sale.
_MOST_KEPT = 20_000


class Index:
    """Positions of the items whose matchers may hold, in their order."""

    def __init__(self, items: Sequence[Asked]) -> None:
        self._matchers = [None if item.complaint else item.matchers for item in items]
        self._always: list[int] = []
        # name -> value -> positions of those that want this very value
        self._exact: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        # name -> (position, its lead), to be tried
        self._tried: dict[str, list[tuple[int, Matchers]]] = defaultdict(list)
        for position, lead in enumerate(self._leads()):
            if lead is not None:
                self._place(position, lead)
            elif self._matchers[position] is not None:
                self._always.append(position)
        self.names = tuple(sorted(self._exact.keys() | self._tried.keys()))
        self._led: dict[tuple[str, str], tuple[int, ...]] = {}
        self._kept: dict[tuple[str, ...], tuple[int, ...]] = {}

    def candidates(self, labels: Mapping[str, str]) -> tuple[int, ...]:
        """Those whose lead holds, in order; the others cannot match."""
        values = tuple([labels.get(name, "") for name in self.names])
        found = self._kept.get(values)
        if found is None:
            positions = list(self._always)
            for name, value in zip(self.names, values, strict=True):
                positions += self._led_by(name, value)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = self._kept[values] = tuple(sorted(positions))
        return found

    def matching(self, labels: Mapping[str, str]) -> list[int]:
        """Those that match, in order."""
        return [
            position
            for position in self.candidates(labels)
            if (matchers := self._matchers[position]) is not None and matchers.matches(labels)
        ]

    def matches(self, position: int, labels: Mapping[str, str]) -> bool:
        """Whether all matchers of that item hold."""
        matchers = self._matchers[position]
        return matchers is not None and matchers.matches(labels)

    def _led_by(self, name: str, value: str) -> tuple[int, ...]:
        key = (name, value)
        found = self._led.get(key)
        if found is None:
            exact = self._exact.get(name, {}).get(value, ())
            tried = [
                position
                for position, lead in self._tried.get(name, ())
                if lead.matches({name: value})
            ]
            if len(self._led) >= _MOST_KEPT:
                self._led.clear()
            found = self._led[key] = (*exact, *tried)
        return found

    def _leads(self) -> list[Matcher | None]:
        values: dict[str, set[str]] = defaultdict(set)
        for matchers in self._matchers:
            for matcher in matchers.items if matchers else ():
                values[matcher.name] |= _wanted(matcher)
        leads: list[Matcher | None] = []
        for matchers in self._matchers:
            items = matchers.items if matchers else ()
            exact = [matcher for matcher in items if _wanted(matcher)]
            best = max(exact, key=lambda matcher: len(values[matcher.name]), default=None)
            leads.append(best or (items[0] if items else None))
        return leads

    def _place(self, position: int, lead: Matcher) -> None:
        wanted = _wanted(lead)
        for value in wanted:
            self._exact[lead.name][value].append(position)
        if not wanted:
            self._tried[lead.name].append((position, Matchers((lead,))))


def _wanted(matcher: Matcher) -> frozenset[str]:
    """The values one of which the label must have; none: it is not a list of values."""
    if matcher.op == "=":
        return frozenset([matcher.value])
    return (literal_words(matcher.value) or frozenset()) if matcher.op == "=~" else frozenset()
