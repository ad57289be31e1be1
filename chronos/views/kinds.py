"""Kinds in groups that look alike: a colour for each is more than anybody tells apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

OTHER = "other"
# In the order of the bars, from below.
GROUPS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "deployments": ("deployment", "release"),
        "rollbacks": ("rollback",),
        "configuration": ("config", "flag", "experiment", "migration"),
        "infrastructure": ("infra", "scale", "restart", "job", "maintenance"),
        "security": ("security", "certificate", "access"),
        "incidents": ("incident", "alert"),
    }
)
_GROUP_OF = {kind: group for group, kinds in GROUPS.items() for kind in kinds}
ALL = (*GROUPS, OTHER)
# A link that names more kinds is too long.
_MOST_NAMED = 30


def group_of(kind: str) -> str:
    """The group of the kind."""
    return _GROUP_OF.get(kind, OTHER)


@dataclass(frozen=True, slots=True)
class Entry:
    """A group in the legend: how many there are (None: not counted), and what its link asks for."""

    group: str
    count: int | None
    kinds: str
    chosen: bool


def legend(kinds: Mapping[str, int], chosen: Sequence[str]) -> list[Entry]:
    """The groups that occur; once some kinds are chosen, all of them, to choose among.

    The link of a chosen group asks for all kinds again.
    """
    entries = []
    for group in ALL:
        there = [kind for kind in kinds if group_of(kind) == group]
        asked = any(group_of(kind) == group for kind in chosen)
        named = GROUPS.get(group) or sorted(there, key=lambda kind: -kinds[kind])[:_MOST_NAMED]
        if there or (chosen and named):
            count = sum(kinds[kind] for kind in there) if there or asked or not chosen else None
            entries.append(Entry(group, count, "" if asked else ",".join(named), asked))
    return entries
