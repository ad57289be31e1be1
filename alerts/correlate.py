"""What else is wrong in the same place at the same time: alerts that share rare attributes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log
from types import MappingProxyType
from typing import Any

from django.db.models import Q

from alerts.models import Alert

WITHIN = timedelta(minutes=15)
# What still fired then may have begun long before; beyond a day it is no cause any more.
_LONGEST_AGO = timedelta(days=1)
_CANDIDATES = 1000
MOST_RELATED = 10
# Columns, with how much it says that two alerts share them.
_FIELDS: Mapping[str, float] = MappingProxyType(
    {"resource": 2.0, "service": 1.5, "environment": 0.3, "region": 0.4, "name": 0.6}
)
# Labels that name a place, by whatever sender.
_LABELS = frozenset(
    {
        "app", "application", "asg", "availability_zone", "az", "cluster", "database",
        "datacenter", "deployment", "device", "domain", "host", "hostname", "image", "instance",
        "instance_id", "job", "namespace", "node", "partition", "pod", "pod_name", "queue", "rack",
        "server", "shard", "switch", "topic", "vpc", "zone",
    }
)  # fmt: skip
_LABEL_WEIGHT = 1.2
# Shared by half the company: alone they relate nothing.
_WEAK = frozenset({"environment", "region", "name", "job"})
_COLUMNS = (
    "id", "dedup_key", "severity", "status", "summary", "starts_at", "resolved_at", *_FIELDS,
    "labels",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shared:
    """An attribute that both alerts have."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Related:
    """Another alert and why it is shown; the score orders, and has no unit."""

    id: int
    name: str
    summary: str
    severity: str
    status: str
    service: str
    resource: str
    starts_at: datetime
    resolved_at: datetime | None
    score: float
    shared: Sequence[Shared]


def related_alerts(alert: Alert, *, now: datetime) -> list[Related]:
    """Alerts open at the same time, or begun within 15 minutes, that share attributes.

    The more they share and the fewer others share it, the higher. Two queries, each bounded.
    """
    mine = _attributes(_row(alert))
    if not mine:
        return []
    rows = _candidates(alert, now)
    shared = {
        pk: {name: value for name, value in _attributes(row).items() if mine.get(name) == value}
        for pk, row in rows.items()
    }
    common = Counter(name for found in shared.values() for name in found)
    related = []
    for pk, found in shared.items():
        if found.keys() <= _WEAK:
            continue
        score = sum(
            _FIELDS.get(name, _LABEL_WEIGHT) * (0.1 + log((len(rows) + 1) / common[name]))
            for name in found
        )
        related.append(_related(rows[pk], found, round(score, 2)))
    related.sort(key=lambda other: (-other.score, abs(other.starts_at - alert.starts_at)))
    return related[:MOST_RELATED]


def _candidates(alert: Alert, now: datetime) -> Mapping[int, Mapping[str, Any]]:
    """Those begun about then, and those that fired then."""
    end = alert.resolved_at or now
    others = Alert.objects.exclude(dedup_key=alert.dedup_key)
    begun = others.filter(
        received_at__gte=alert.received_at - WITHIN, received_at__lte=alert.received_at + WITHIN
    ).order_by("-received_at")
    open_then = others.order_by("-id")
    if alert.resolved_at is None:
        open_then = open_then.filter(resolved_at=None)
    else:
        open_then = open_then.filter(
            Q(resolved_at=None) | Q(resolved_at__gte=alert.starts_at),
            received_at__gte=alert.received_at - _LONGEST_AGO,
            received_at__lte=end,
        ).order_by("-received_at")
    found: dict[int, Mapping[str, Any]] = {}
    for rows in (begun, open_then):
        found |= {row["id"]: row for row in rows.values(*_COLUMNS)[:_CANDIDATES]}
    return found


def _row(alert: Alert) -> Mapping[str, Any]:
    return {name: getattr(alert, name) for name in (*_FIELDS, "labels")}


def _attributes(row: Mapping[str, Any]) -> dict[str, str]:
    """What two alerts may have in common."""
    labels: Iterable[tuple[str, Any]] = row["labels"].items()
    found = {name: str(value) for name, value in labels if name.lower() in _LABELS and value}
    return {**found, **{name: row[name] for name in _FIELDS if row[name]}}


def _related(row: Mapping[str, Any], shared: Mapping[str, str], score: float) -> Related:
    facts = {name: row[name] for name in Related.__slots__ if name in row}
    order = {name: place for place, name in enumerate(("resource", "service"))}
    names = sorted(shared, key=lambda name: (name in _WEAK, order.get(name, 1), name))
    return Related(**facts, score=score, shared=[Shared(name, shared[name]) for name in names])
