"""Two configurations in canonical form, and what makes one of the other."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from security.normalise import Node, Shape, encode


class Op(Struct, frozen=True, omit_defaults=True):
    """One difference: `add`, `remove` or `replace` at a path such as "rules" or "tags.env"."""

    op: str
    path: str
    old: Any = None
    new: Any = None
    change_class: str = ""


def compare(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, shape: Shape) -> list[Op]:
    """The differences, without those in what is ephemeral."""
    return [
        Op(op.op, op.path, op.old, op.new, shape.change_class(op.path))
        for op in _tables(old or {}, new or {}, shape, shape.tree, "")
    ]


def _tables(
    old: Mapping[str, Any], new: Mapping[str, Any], shape: Shape, node: Node, path: str
) -> Iterator[Op]:
    for name in sorted(old.keys() | new.keys()):
        child = node.child(name)
        if "ephemeral" in child.marks:
            continue
        where = f"{path}.{name}" if path else name
        if name not in old:
            yield Op("add", where, None, new[name])
        elif name not in new:
            yield Op("remove", where, old[name], None)
        elif old[name] != new[name]:
            yield from _values(old[name], new[name], shape, child, where)


def _values(old: Any, new: Any, shape: Shape, node: Node, path: str) -> Iterator[Op]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _tables(old, new, shape, node, path)
    elif isinstance(old, list) and isinstance(new, list) and "sets" in node.marks:
        yield from _sets(old, new, shape, node, path)
    else:
        yield Op("replace", path, old, new)


def _sets(
    old: Sequence[Any], new: Sequence[Any], shape: Shape, node: Node, path: str
) -> Iterator[Op]:
    """By the element as it is; those with the same key are one that was changed."""
    before, after = Counter(map(encode, old)), Counter(map(encode, new))
    by_bytes = {encode(row): row for row in [*old, *new]}
    gone = [by_bytes[key] for key in (before - after).elements()]
    come = [by_bytes[key] for key in (after - before).elements()]
    names = shape.keys.get(path)
    if names:
        partners: dict[tuple[Any, ...], list[Any]] = {}
        for row in come:
            partners.setdefault(_key(row, names), []).append(row)
        for row in gone:
            mates = partners.get(_key(row, names))
            if not mates:
                yield Op("remove", path, row, None)
                continue
            mate = mates.pop(0)
            come.remove(mate)
            for op in _tables(row, mate, shape, node.child("*"), f"{path}.*"):
                yield Op("replace", op.path, row, mate)
    else:
        yield from (Op("remove", path, row, None) for row in gone)
    yield from (Op("add", path, None, row) for row in come)


def _key(row: Any, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(str(row.get(name)) for name in names) if isinstance(row, Mapping) else (row,)
