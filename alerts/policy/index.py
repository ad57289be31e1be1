"""Which of a thousand match? One matcher of each is looked up by its label's value.

The lead of an item is the equality matcher that tells most items apart, so that a label's value
leads straight to the items that want it. An item without one is led by a pattern, found by how its
values must begin, or else by its first matcher; both are tried once for each value that comes
along. Items without matchers are always asked.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from alerts.policy.compiled import Asked
from opsportal.lib.matchers import Matcher, Matchers
from opsportal.lib.matchers.values import literal_words

# Answers kept; a storm has few different ones, and memory is not for sale.
_MOST_KEPT = 20_000
# One character of a pattern that stands for itself, perhaps after a backslash.
_PLAIN = re.compile(r"([^\\.+*?()\[\]{}^$|])|\\([^A-Za-z0-9\s])")


class Index:
    """Positions of the items whose matchers may hold, in their order."""

    def __init__(self, items: Sequence[Asked]) -> None:
        self._matchers = [None if item.complaint else item.matchers for item in items]
        self._always: list[int] = []
        # name -> value -> positions of those that want this very value
        self._exact: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        # name -> how the value must begin -> (position, its lead), to be tried
        self._tried: dict[str, dict[str, list[tuple[int, Matchers]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for position, lead in enumerate(self._leads()):
            if lead is not None:
                self._place(position, lead)
            elif self._matchers[position] is not None:
                self._always.append(position)
        self.names = tuple(sorted(self._exact.keys() | self._tried.keys()))
        # name -> how long such beginnings are
        self._lengths = {name: sorted(set(map(len, some))) for name, some in self._tried.items()}
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
        if not self._matchers:
            return []
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
            begun = self._tried.get(name, {})
            tried = [
                position
                for length in self._lengths.get(name, ())
                if length <= len(value)
                for position, lead in begun.get(value[:length], ())
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
            leads.append(best or max(items, key=_narrowness, default=None))
        return leads

    def _place(self, position: int, lead: Matcher) -> None:
        wanted = _wanted(lead)
        for value in wanted:
            self._exact[lead.name][value].append(position)
        if not wanted:
            self._tried[lead.name][_beginning(lead)].append((position, Matchers((lead,))))


def _wanted(matcher: Matcher) -> frozenset[str]:
    """The values one of which the label must have; none: it is not a list of values."""
    if matcher.op == "=":
        return frozenset([matcher.value])
    return (literal_words(matcher.value) or frozenset()) if matcher.op == "=~" else frozenset()


def _narrowness(matcher: Matcher) -> tuple[int, int]:
    """How few values it is likely to hold for."""
    return len(_beginning(matcher)), 0 if matcher.op in ("!=", "!~") else 1


def _beginning(matcher: Matcher) -> str:
    """What every value that a pattern matches begins with, as far as that is plain to see."""
    pattern = matcher.value
    if matcher.op != "=~" or "|" in pattern:
        return ""
    parts, at = [], 0
    while found := _PLAIN.match(pattern, at):
        parts.append(found.group(1) or found.group(2))
        at = found.end()
    # What a quantifier follows need not be there.
    if pattern[at : at + 1] in tuple("*?+{"):
        parts = parts[:-1]
    return "".join(parts)
