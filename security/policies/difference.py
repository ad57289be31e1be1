"""What is different between two policies, statement by statement.

Statements are matched by their Sid, else by how much they have in common. What differs in order or
layout only has no difference here; what differs in a Sid only is no other right.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import msgspec
from msgspec import Struct

from security.policies.canonical import MALFORMED, canonical_policy
from security.policies.exposure import statement_name

# How much of what two statements say must be common to them for one to be the other, changed.
_ALIKE = 0.3
# Beyond so many pairs only equal statements and equal Sids are matched.
_MOST_PAIRS = 10_000


class PartDifference(Struct, frozen=True):
    """What an element of a statement lost and gained, such as the values of "Action"."""

    # "Action", "Principal.AWS", "Condition.StringEquals.aws:sourcevpce" and the like.
    element: str
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


class StatementDifference(Struct, frozen=True):
    """A statement that was added, removed or changed."""

    op: str  # add, remove, replace
    # Its Sid, or else a digest.
    name: str
    old: Any = None
    new: Any = None
    parts: tuple[PartDifference, ...] = ()

    @property
    def is_cosmetic(self) -> bool:
        """Whether the rights are the same."""
        return self.op == "replace" and all(part.element == "Sid" for part in self.parts)


class PolicyDifference(Struct, frozen=True):
    """All differences of two policies."""

    statements: tuple[StatementDifference, ...] = ()
    # Of the document itself: its version, its id.
    document: tuple[PartDifference, ...] = ()

    @property
    def is_cosmetic(self) -> bool:
        """No semantic change: neither policy allows anything that the other does not."""
        return all(found.is_cosmetic for found in self.statements) and all(
            found.element == "Id" for found in self.document
        )


def policy_difference(old: Any, new: Any) -> PolicyDifference:
    """The differences; None stands for no policy, and a document that is none is one statement."""
    before, after = _read(old), _read(new)
    return PolicyDifference(
        tuple(_statements(before.pop("Statement"), after.pop("Statement"))),
        tuple(_parts(before, after)),
    )


def _read(policy: Any) -> dict[str, Any]:
    document = canonical_policy(policy)
    if document is None:
        return {"Statement": []}
    return {"Statement": [document]} if MALFORMED in document else dict(document)


def _statements(old: Sequence[Any], new: Sequence[Any]) -> Iterator[StatementDifference]:
    same = Counter(map(_key, old)) & Counter(map(_key, new))
    gone, come = _without(old, same.copy()), _without(new, same)
    pairs = [*_by_sid(gone, come)]
    pairs += _by_likeness(gone, come)
    for before, after in pairs:
        parts = tuple(_parts(before, after))
        yield StatementDifference("replace", statement_name(after), before, after, parts)
    for row in gone:
        yield StatementDifference("remove", statement_name(row), row, None, tuple(_parts(row, {})))
    for row in come:
        yield StatementDifference("add", statement_name(row), None, row, tuple(_parts({}, row)))


def _key(row: Any) -> bytes:
    return msgspec.json.encode(row, order="sorted")


def _without(rows: Sequence[Any], same: Counter[bytes]) -> list[Any]:
    """Those that the other does not have too."""
    found = []
    for row in rows:
        if same[key := _key(row)]:
            same[key] -= 1
        else:
            found.append(row)
    return found


def _by_sid(gone: list[Any], come: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Pairs of the same Sid, taken out of both."""
    named = {sid: row for row in come if (sid := _sid(row))}
    for before in list(gone):
        if (after := named.pop(_sid(before), None)) is not None:
            gone.remove(before)
            come.remove(after)
            yield before, after


def _sid(row: Any) -> str:
    sid = row.get("Sid") if isinstance(row, Mapping) else ""
    return sid if isinstance(sid, str) else ""


def _by_likeness(gone: list[Any], come: list[Any]) -> list[tuple[Any, Any]]:
    """Pairs that have enough in common, the likest first, taken out of both."""
    if len(gone) * len(come) > _MOST_PAIRS:
        return []
    facts = {id(row): set(_facts(row)) for row in (*gone, *come)}
    ranked = sorted(
        (
            (_likeness(facts[id(a)], facts[id(b)]), -i, -j)
            for (i, a), (j, b) in product(enumerate(gone), enumerate(come))
        ),
        reverse=True,
    )
    pairs: list[tuple[int, int]] = []
    for likeness, i, j in ranked:
        if likeness < _ALIKE:
            break
        if all(-i != before and -j != after for before, after in pairs):
            pairs.append((-i, -j))
    found = [(gone[i], come[j]) for i, j in sorted(pairs)]
    gone[:] = [row for i, row in enumerate(gone) if i not in {i for i, _ in pairs}]
    come[:] = [row for j, row in enumerate(come) if j not in {j for _, j in pairs}]
    return found


def _likeness(a: set[tuple[str, str]], b: set[tuple[str, str]]) -> float:
    """The share of what they say that both say."""
    return len(a & b) / len(a | b) if a | b else 1.0


def _facts(row: Any) -> Iterator[tuple[str, str]]:
    """Element and value, for each value; not the Sid, which is no right."""
    return ((name, value) for name, value in _values(row, "") if name != "Sid")


def _parts(old: Any, new: Any) -> Iterator[PartDifference]:
    before, after = _by_element(old), _by_element(new)
    for element in sorted(before.keys() | after.keys()):
        mine, other = before.get(element, set()), after.get(element, set())
        if mine != other:
            yield PartDifference(element, tuple(sorted(mine - other)), tuple(sorted(other - mine)))


def _by_element(row: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for element, value in _values(row, ""):
        found.setdefault(element, set()).add(value)
    return found


def _values(value: Any, element: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _values(inner, f"{element}.{name}" if element else str(name))
    elif isinstance(value, list):
        if not value:
            yield element, ""
        for inner in value:
            yield from _values(inner, element)
    else:
        yield element, value if isinstance(value, str) else msgspec.json.encode(value).decode()
