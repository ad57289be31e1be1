"""Two configurations in canonical form, and what makes one of the other."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from security.diff.statements import pair_statements
from security.normalise import CLASSES, COSMETIC, Node, Shape, encode

# Of a policy and its statements: what is no right.
_NAMES = frozenset({"Sid", "Id"})


class Op(Struct, frozen=True, omit_defaults=True):
    """One difference: `add`, `remove` or `replace` at a path such as "rules" or "tags.env".

    Names in paths are escaped as `step` does. With `element` it is about one element of the set
    (or one statement of the policy) at the path; `fields` are the names that differ in it.
    """

    op: str
    path: str
    old: Any = None
    new: Any = None
    change_class: str = ""
    element: bool = False
    fields: tuple[str, ...] = ()


def compare(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, shape: Shape) -> list[Op]:
    """The differences, without those in what is ephemeral."""
    return list(_Comparison(shape).tables(old or {}, new or {}, shape.tree, ""))


def step(name: str) -> str:
    """A name as a step of a path: `~` is `~0`, and a dot `~1` (after RFC 6901)."""
    return name.replace("~", "~0").replace(".", "~1")


def steps_of(path: str) -> list[str]:
    """The names that a path leads through."""
    return [part.replace("~1", ".").replace("~0", "~") for part in path.split(".")]


class _Comparison:
    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def tables(
        self, old: Mapping[str, Any], new: Mapping[str, Any], node: Node, path: str
    ) -> Iterator[Op]:
        for name in sorted(old.keys() | new.keys()):
            child = node.child(name)
            if "ephemeral" in child.marks:
                continue
            where = f"{path}.{step(name)}" if path else step(name)
            if name not in old:
                yield self._op("add", where, None, new[name])
            elif name not in new:
                yield self._op("remove", where, old[name], None)
            elif encode(old[name]) != encode(new[name]):
                yield from self._values(old[name], new[name], child, where)

    def _op(self, op: str, path: str, old: Any, new: Any, *, element: bool = False) -> Op:
        return Op(op, path, old, new, self._shape.change_class(path), element)

    def _values(self, old: Any, new: Any, node: Node, path: str) -> Iterator[Op]:
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            if "policies" in node.marks and _has_statements(old) and _has_statements(new):
                yield from self._policies(old, new, path)
            else:
                yield from self.tables(old, new, node, path)
        elif isinstance(old, list) and isinstance(new, list) and "sets" in node.marks:
            yield from self._sets(old, new, node, path)
        else:
            yield self._op("replace", path, old, new)

    def _policies(self, old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[Op]:
        for name in sorted((old.keys() | new.keys()) - {"Statement"}):
            if old.get(name) != new.get(name):
                kind = "add" if name not in old else "replace" if name in new else "remove"
                worth = COSMETIC if name in _NAMES else self._shape.change_class(path)
                yield Op(kind, f"{path}.{step(name)}", old.get(name), new.get(name), worth)
        where = f"{path}.Statement"
        gone, come = _only(old["Statement"], new["Statement"])
        for before, after in pair_statements(gone, come):
            if before is None or after is None:
                kind = "add" if before is None else "remove"
                yield self._op(kind, where, before, after, element=True)
                continue
            fields = _differing(before, after)
            worth = COSMETIC if _NAMES.issuperset(fields) else self._shape.change_class(where)
            yield Op("replace", where, before, after, worth, True, fields)

    def _sets(self, old: Sequence[Any], new: Sequence[Any], node: Node, path: str) -> Iterator[Op]:
        """By the element as it is; those with the same key are one that was changed."""
        gone, come = _only(old, new)
        names = self._shape.keys.get(path, ())
        partners: dict[bytes, list[Any]] = defaultdict(list)
        if names:
            for row in come:
                if isinstance(row, Mapping):
                    partners[_key(row, names)].append(row)
        taken: Counter[bytes] = Counter()
        for row in gone:
            mates = partners.get(_key(row, names)) if isinstance(row, Mapping) else None
            if not mates:
                yield self._op("remove", path, row, None, element=True)
                continue
            mate = mates.pop(0)
            taken[encode(mate)] += 1
            inner = list(self.tables(row, mate, node.child("*"), f"{path}.*"))
            if inner:
                worth = min((op.change_class for op in inner), key=CLASSES.index)
                yield Op("replace", path, row, mate, worth, True, _differing(row, mate))
        for row in come:
            if taken[key := encode(row)]:
                taken[key] -= 1
            else:
                yield self._op("add", path, None, row, element=True)


def _has_statements(policy: Mapping[str, Any]) -> bool:
    return isinstance(policy.get("Statement"), list)


def _only(old: Sequence[Any], new: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """What only the one has, and what only the other; each as often as it has it more."""
    before, after = Counter(map(encode, old)), Counter(map(encode, new))
    by_bytes = {encode(row): row for row in [*old, *new]}
    return (
        [by_bytes[key] for key in (before - after).elements()],
        [by_bytes[key] for key in (after - before).elements()],
    )


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(n for n in old.keys() | new.keys() if old.get(n) != new.get(n)))


def _key(row: Mapping[str, Any], names: Sequence[str]) -> bytes:
    return encode([row.get(name) for name in names])
