"""Facets that cost calls of their own are asked for only where something says that they changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from security.collectors import Collector, found_each
from security.normalise import SAME, Found, settle


def complete_found(
    rows: Sequence[Found], known: Mapping[str, Mapping[str, Any]], collector: type[Collector]
) -> list[Found]:
    """The rows with all their facets; what turns out to be gone is left out.

    `known` has the configurations of those that were read before, all facets of them.
    """
    return found_each(lambda row: _complete(row, known.get(row.resource_id), collector), rows)


def _complete(found: Found, before: Mapping[str, Any] | None, collector: type[Collector]) -> Found:
    if found.more is None:
        return found
    rest: Mapping[str, Any]
    if before is not None and _agrees(found, before, collector):
        rest = dict.fromkeys(before.keys() - found.config.keys(), SAME)
        tags = before.get("tags")
    else:
        rest = found.more()
        tags = rest.get("tags")
    return replace(
        found,
        config={**found.config, **rest},
        tags=tags if isinstance(tags, dict) else found.tags,
    )


def _agrees(found: Found, before: Mapping[str, Any], collector: type[Collector]) -> bool:
    """Whether what the rest depends on is as it was."""
    part = {name: found.config.get(name) for name in found.depends}
    now = settle(part, collector.shape, secret=b"")
    return all(now.config.get(name) == before.get(name) for name in found.depends)
