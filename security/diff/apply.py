"""Differences carried out: the old configuration becomes the new one."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from security.diff.compare import Op, steps_of
from security.normalise import encode


def apply(old: Mapping[str, Any] | None, ops: Iterable[Op]) -> dict[str, Any]:
    """What `compare` was given as the new one, but for what is ephemeral.

    Raises KeyError or ValueError when the differences are not of that configuration.
    """
    found: dict[str, Any] = deepcopy(dict(old or {}))
    for op in ops:
        *way, last = steps_of(op.path)
        place: Any = found
        for name in way:
            place = place[name]
        if op.element:
            _exchange(place[last], op)
        elif op.op == "remove":
            del place[last]
        else:
            place[last] = op.new
    return found


def _exchange(rows: list[Any], op: Op) -> None:
    """One element of a set for another; the set stays in canonical order."""
    if op.op != "add":
        rows.remove(op.old)
    if op.op != "remove":
        rows.append(op.new)
    rows.sort(key=encode)
