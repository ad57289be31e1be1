"""Which resources a call is about, as the collectors say."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from security.activity.call import Call as Called
from security.collectors import Call, Collector, collectors

# Of one call: a tag on a thousand instances is a listing.
MOST_TARGETS = 100
# Bytes: what is longer fits no index, and is no id.
LONGEST_ID = 1000
_SELF = "userIdentity."
Target = tuple[str, str]


def targets_of(called: Called) -> list[Target]:
    """Technology and resource id of each; an empty id where a call names nothing of its own."""
    found: dict[Target, None] = {}
    for collector, call in _known().get((called.service, called.action), ()):
        ids = _ids(collector, call, called.record)
        if len(ids) > MOST_TARGETS:
            ids = [""]
        found |= {(collector.slug, resource_id): None for resource_id in ids or [""]}
    return list(found)


def _ids(collector: type[Collector], call: Call, record: Mapping[str, Any]) -> list[str]:
    """The ids at the ends of all paths; who calls is meant only where nobody else is named."""
    said = [path for path in call.paths if not path.startswith(_SELF)]
    oneself = [path for path in call.paths if path.startswith(_SELF)]
    for paths in (said, oneself):
        named = {text for path in paths for text in _walk(record, path.split(".")) if text}
        ids = {collector.resource_of(text) for text in named}
        if found := sorted(name for name in ids if 0 < len(name.encode()) <= LONGEST_ID):
            return found
    return []


def _walk(value: Any, steps: Sequence[str]) -> Iterator[str]:
    """The texts at the end of a path; `*` is each row of a list, and whatever else is nothing."""
    if not steps:
        if isinstance(value, str) and "\0" not in value:
            yield value
        return
    step, *rest = steps
    if step == "*":
        for row in value if isinstance(value, list) else ():
            yield from _walk(row, rest)
    elif isinstance(value, dict) and step in value:
        yield from _walk(value[step], rest)


@cache
def _known() -> Mapping[Target, Sequence[tuple[type[Collector], Call]]]:
    found = defaultdict(list)
    for collector in collectors().values():
        for call in collector.calls:
            found[collector.event_source, call.name].append((collector, call))
    return dict(found)
