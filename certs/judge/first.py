"""Which of many matches first? Most are found by one equality, others by a pattern."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import re2

from certs.judge.facts import ABSENT, Facts, compile_or_never
from opsportal.lib.matchers import Matcher, MatcherError, parse_matchers
from opsportal.lib.matchers.values import compile_pattern

# Patterns that are asked about as one.
_TOGETHER = 20


class Matched(Protocol):
    """Something with matchers; empty: it is for everything."""

    @property
    def match(self) -> str: ...


T = TypeVar("T", bound=Matched)


class FirstMatch(Generic[T]):
    """Items in their order.

    Each is led by the equality that tells most of them apart: only where a certificate has that
    very value the whole is asked. Those with patterns only are asked where any of some holds.
    """

    def __init__(self, items: Sequence[T]) -> None:
        self._items = items
        self._tests = [compile_or_never(each.match) for each in items]
        self._always: list[int] = []
        # name -> value -> positions of those that want this very value
        self._equal: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        # name, whether any of the positions' patterns holds for a value of it, positions
        self._like: list[tuple[str, Callable[[str], bool], list[int]]] = []
        self._lead([_items_of(each.match) for each in items])

    def find(self, facts: Callable[[], Facts]) -> T | None:
        """The first that holds; facts are asked for only where one looks at them."""
        for position in self._candidates(facts):
            item = self._items[position]
            if not item.match or self._tests[position](facts()):
                return item
        return None

    def _candidates(self, facts: Callable[[], Facts]) -> Sequence[int]:
        if not self._equal and not self._like:
            return self._always
        found, known = list(self._always), facts()
        for name, positions in self._equal.items():
            for value in known.get(name) or ABSENT:
                found += positions.get(value, ())
        for name, holds, some in self._like:
            if any(map(holds, known.get(name) or ABSENT)):
                found += some
        return sorted(set(found))

    def _lead(self, all_items: Sequence[Sequence[Matcher]]) -> None:
        equal = [{(item.name, item.value) for item in items if item.op == "="}
                 for items in all_items]  # fmt: skip
        values = Counter(name for name, _ in set().union(*equal))
        patterns: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for position, items in enumerate(all_items):
            like = next((item for item in items if item.op == "=~"), None)
            if equal[position]:
                name, value = max(equal[position], key=lambda pair: (values[pair[0]], pair))
                self._equal[name][value].append(position)
            elif like is not None:
                patterns[like.name].append((position, like.value))
            else:
                self._always.append(position)
        for name, some in patterns.items():
            for start in range(0, len(some), _TOGETHER):
                self._join(name, some[start : start + _TOGETHER])

    def _join(self, name: str, some: Sequence[tuple[int, str]]) -> None:
        positions, patterns = [each for each, _ in some], [pattern for _, pattern in some]
        # A quotation may be left open, and would swallow the next one.
        if not any(r"\Q" in pattern for pattern in patterns):
            try:
                holds = compile_pattern("|".join(f"(?:{pattern})" for pattern in patterns))
            except re2.error:
                pass  # too much for one
            else:
                self._like.append((name, holds, positions))
                return
        self._always += positions


def _items_of(match: str) -> Sequence[Matcher]:
    try:
        return parse_matchers(match).items
    except MatcherError:
        return ()
