"""Differences in a line that people read."""

from collections.abc import Sequence
from typing import Any

from security.diff.compare import Op

_SIGNS = {"add": "+", "remove": "-", "replace": "~"}
_LONGEST, _MOST = 120, 5


def summary_of(ops: Sequence[Op]) -> str:
    """The first few differences, and how many more there are."""
    parts = [f"{_SIGNS[op.op]} {op.path} {_short(op)}".strip() for op in ops[:_MOST]]
    if len(ops) > _MOST:
        parts.append(f"and {len(ops) - _MOST} more")
    return "; ".join(parts)[:1000]


def _short(op: Op) -> str:
    value = op.new if op.op != "remove" else op.old
    text = _words(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(str(inner) for inner in value.values() if inner not in (None, ""))
    return "" if value is None else str(value)
