"""Our matchers as conditions on the labels that a sender sends to Alertmanager's API.

A field is filled by the first of several labels, and a severity has many names: so one condition of
ours is a choice of several conjunctions, of which at most one holds for any alert.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from alerts.formats.alertmanager import SOURCE
from alerts.formats.labels import FILLED_BY
from alerts.labels import LABEL, MATCH_FIELDS
from alerts.normalise import FIRING, SEVERITIES, SEVERITY_SYNONYMS
from opsportal.lib.matchers import Matcher, Matchers

# What a rule comes to at most; more nobody would read.
MOST_CHOICES = 24
_CLASSIC = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# The same for whatever comes in at that door.
_CONSTANT: Mapping[str, str] = {"source": SOURCE, "status": FIRING, "value": ""}
_HIDDEN = {"dedup_key": "the fingerprint", "summary": "an annotation"}
# Names of severities, each its own first.
_NAMES = {
    severity: [severity, *(name for name, of in SEVERITY_SYNONYMS.items() if of == severity)]
    for severity in SEVERITIES
}
# What a severity is that nobody knows, or that was not sent.
_UNKNOWN = "warning"

Conjunction = tuple[Matcher, ...]


class InexpressibleError(Exception):
    """Alertmanager has no words for it; says why."""


def choices(matchers: Matchers) -> list[Conjunction]:
    """The conjunctions of which one must hold. Raises InexpressibleError."""
    by_name: dict[str, list[Matcher]] = {}
    for item in matchers.items:
        if item.op in ("<", "<=", ">", ">=") and item.name != "value":
            raise InexpressibleError(f"{item} compares numbers")
        by_name.setdefault(item.name, []).append(item)
    parts = [_choices(name, items) for name, items in by_name.items()]
    if _size(parts) > MOST_CHOICES:
        raise InexpressibleError(f"it would take more than {MOST_CHOICES} routes")
    return [tuple(item for part in chosen for item in part) for chosen in product(*parts)]


def of_severities(allowed: Iterable[str]) -> Conjunction:
    """That the severity is one of these, whatever it is called. Raises InexpressibleError."""
    wanted = set(allowed)
    if not wanted:
        raise InexpressibleError("no severity is meant")
    if wanted == set(SEVERITIES):
        return ()
    if _UNKNOWN in wanted:
        others = [name for other in SEVERITIES if other not in wanted for name in _NAMES[other]]
        return (Matcher("severity", "!~", f"(?i:{'|'.join(others)})"),)
    names = [name for severity in SEVERITIES if severity in wanted for name in _NAMES[severity]]
    return (Matcher("severity", "=~", f"(?i:{'|'.join(names)})"),)


def of_team(team: str, *, own: bool) -> Conjunction:
    """That the alert is the team's or nobody's; or else another team's."""
    return (Matcher("team", "=~" if own else "!~", "|" + re.escape(team)),)


def _choices(name: str, items: Sequence[Matcher]) -> list[Conjunction]:
    if name in _HIDDEN:
        raise InexpressibleError(f"{name} is {_HIDDEN[name]}, which is no label")
    if name in _CONSTANT:
        if not Matchers(tuple(items)).matches({name: _CONSTANT[name]}):
            raise InexpressibleError(f"it is for other senders: {', '.join(map(str, items))}")
        return [()]
    if name == "severity":
        matches = Matchers(tuple(items)).matches
        return [of_severities(found for found in SEVERITIES if matches({name: found}))]
    if name == "name":
        return [_on("alertname", items)]
    if name in FILLED_BY:
        return list(_filled(FILLED_BY[name], items))
    label = name.removeprefix(LABEL)
    return [_on(label if label in MATCH_FIELDS else name, items)]


def _filled(labels: Sequence[str], items: Sequence[Matcher]) -> Iterator[Conjunction]:
    """The first of these labels that is there must match; or all are empty, if that does."""
    matches = Matchers(tuple(items)).matches
    if_empty = matches({items[0].name: ""})
    for place, label in enumerate(labels):
        before = tuple(Matcher(earlier, "=", "") for earlier in labels[:place])
        last = place == len(labels) - 1
        there = (Matcher(label, "!=", ""),) if if_empty and not last else ()
        yield (*before, *there, *_on(label, items))


def classic_label(name: str) -> bool:
    """Whether every Alertmanager knows that as the name of a label."""
    return _CLASSIC.fullmatch(name) is not None


def _on(label: str, items: Sequence[Matcher]) -> Conjunction:
    if not classic_label(label):
        raise InexpressibleError(f"{label!r} is no name of a label to every Alertmanager")
    return tuple(Matcher(label, item.op, item.value) for item in items)


def _size(parts: Sequence[Sequence[Conjunction]]) -> int:
    size = 1
    for part in parts:
        size *= len(part)
    return size
