"""Unify: what has several names is recorded with one."""

from collections.abc import Mapping, Sequence
from time import monotonic
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from chronos.models import ALIASED, Alias
from chronos.normalise import Change

_RECALLED_FOR = 60.0  # seconds
_RECALLED: list[tuple[float, Mapping[tuple[str, str], str]]] = []


def forget_aliases() -> None:
    """Ask the database anew; other processes do within a minute."""
    _RECALLED.clear()


def known_aliases() -> Mapping[tuple[str, str], str]:
    """(field, name) -> canonical name; of this minute, with one query."""
    if _RECALLED and monotonic() - _RECALLED[0][0] < _RECALLED_FOR:
        return _RECALLED[0][1]
    rows = Alias.objects.order_by().values_list("field", "name", "canonical")
    found = MappingProxyType({(field, name): other for field, name, other in rows if name != other})
    _RECALLED[:] = [(monotonic(), found)]
    return found


def canonical_name(field: str, name: str) -> str:
    """What the name is recorded as."""
    return known_aliases().get((field, name), name)


def with_canonical(field: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """With what aliases among the names are recorded as; some changes may not have followed yet."""
    return tuple(dict.fromkeys((*names, *(canonical_name(field, name) for name in names))))


def unify_names(changes: Sequence[Change]) -> Sequence[Change]:
    """The changes with canonical names in place of aliases."""
    aliases = known_aliases()
    return [_unified(change, aliases) for change in changes] if aliases else changes


def _unified(change: Change, aliases: Mapping[tuple[str, str], str]) -> Change:
    other: dict[str, Any] = {
        field: canonical
        for field in ALIASED
        if (canonical := aliases.get((field, getattr(change, field)))) is not None
    }
    return replace(change, **other) if other else change
