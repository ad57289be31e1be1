"""Statements of two policies, matched: by their Sid, else by what they have in common."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from security.normalise import encode

# Beyond so many pairs nothing is looked for by likeness: a policy of megabytes is no diff to read.
_MOST_PAIRS = 10_000
# Of what either says, at least so much is said by both.
_ALIKE = 0.3

Pair = tuple[Any, Any]


def pair_statements(gone: Sequence[Any], come: Sequence[Any]) -> Iterator[Pair]:
    """(before, after) of each that differs; None for what is only on one side."""
    left, right = list(gone), list(come)
    for sid in _once(left) & _once(right):
        before = next(row for row in left if _sid(row) == sid)
        after = next(row for row in right if _sid(row) == sid)
        left.remove(before)
        right.remove(after)
        yield before, after
    yield from _alike(left, right)
    yield from ((row, None) for row in left)
    yield from ((None, row) for row in right)


def facts_of(row: Any) -> dict[str, frozenset[str]]:
    """What a statement says, part by part, each a set of words: {"Action": {"s3:getobject"}}."""
    if not isinstance(row, Mapping):
        return {"": frozenset({encode(row).decode()})}
    return {str(name): frozenset(_words(value)) for name, value in row.items()}


def _words(value: Any, before: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _words(inner, f"{before} {name}".strip())
    elif isinstance(value, list):
        for inner in value:
            yield from _words(inner, before)
    else:
        text = value if isinstance(value, str) else encode(value).decode()
        yield f"{before} {text}".strip()


def _alike(left: list[Any], right: list[Any]) -> Iterator[Pair]:
    """The pairs that have most in common, taken out of both lists."""
    if len(left) * len(right) > _MOST_PAIRS:
        return
    facts = [[_flat(row) for row in side] for side in (left, right)]
    ranked = sorted(
        ((_likeness(a, b), i, j) for i, a in enumerate(facts[0]) for j, b in enumerate(facts[1])),
        key=lambda found: (-found[0], found[1], found[2]),
    )
    pairs: dict[int, int] = {}
    for likeness, i, j in ranked:
        if likeness >= _ALIKE and i not in pairs and j not in pairs.values():
            pairs[i] = j
    yield from ((left[i], right[j]) for i, j in sorted(pairs.items()))
    for side, used in ((left, set(pairs)), (right, set(pairs.values()))):
        side[:] = [row for place, row in enumerate(side) if place not in used]


def _flat(row: Any) -> frozenset[tuple[str, str]]:
    return frozenset((name, word) for name, words in facts_of(row).items() for word in words)


def _likeness(one: frozenset[Any], other: frozenset[Any]) -> float:
    """Jaccard's index; what allows is never taken for what denies."""
    if ("Effect", "Deny") in one ^ other:
        return 0.0
    return len(one & other) / len(one | other) if one | other else 1.0


def _sid(row: Any) -> Any:
    return row.get("Sid") if isinstance(row, Mapping) else None


def _once(rows: Sequence[Any]) -> set[str]:
    """Sids that just one of them has."""
    counts = Counter(sid for row in rows if isinstance(sid := _sid(row), str) and sid)
    return {sid for sid, count in counts.items() if count == 1}
