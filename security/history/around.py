"""What happened around a revision: alerts, and deployments that it may belong to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.models import Alert
from chronos.models import ChangeEvent
from chronos.normalise import DEPLOYING
from security.models import ConfigRevision

ALERTS_BEFORE, ALERTS_AFTER = timedelta(minutes=15), timedelta(minutes=60)
DEPLOYS_BEFORE, DEPLOYS_AFTER = timedelta(minutes=60), timedelta(minutes=15)
# So many are looked at, and so many shown.
_LOOKED_AT, MOST = 300, 20
_SERVICE_TAGS = ("service", "Service", "app", "application", "Application", "component")
_ENVIRONMENT_TAGS = ("environment", "Environment", "env", "Env", "stage", "Stage")


@dataclass(frozen=True, slots=True)
class Near:
    """An alert or a change, why it is shown, and how near it is; the higher the nearer."""

    row: Any
    why: Sequence[str]
    rank: float


@dataclass(frozen=True, slots=True)
class Around:
    """Nearest first."""

    alerts: Sequence[Near]
    deployments: Sequence[Near]


@dataclass(frozen=True, slots=True)
class _Place:
    at: datetime
    resource: Sequence[str]
    account: Sequence[str]
    service: str
    environment: str
    region: str


def look_around(revision: ConfigRevision, *, deployments: Sequence[int] = ()) -> Around:
    """What was told at the time: four queries. `deployments` are known causes, by their ids."""
    resource = revision.resource
    place = _Place(
        revision.effective_at or revision.captured_at,
        [name for name in (resource.resource_id, resource.arn, resource.name) if len(name) > 2],
        [revision.account.account_id, revision.account.name],
        _first(revision.tags, _SERVICE_TAGS),
        _first(revision.tags, _ENVIRONMENT_TAGS),
        revision.region,
    )
    return Around(_alerts(place), _deployments(place, deployments))


def _alerts(place: _Place) -> list[Near]:
    """Those that name the resource, and of all others the closest in time: in a storm there are
    more of them than anybody looks at.
    """
    rows = Alert.objects.filter(
        received_at__gte=place.at - ALERTS_BEFORE, received_at__lt=place.at + ALERTS_AFTER
    ).only(
        "name", "summary", "severity", "status", "service", "environment", "region", "labels",
        "resource", "starts_at", "received_at", "resolved_at",
    )  # fmt: skip
    after = rows.filter(received_at__gte=place.at).order_by("received_at")[: _LOOKED_AT // 2]
    before = rows.filter(received_at__lt=place.at).order_by("-received_at")[: _LOOKED_AT // 2]
    own = rows.filter(resource__in=place.resource).order_by("-received_at")[:MOST]
    found = {row.pk: row for part in (own, after, before) for row in part}
    return _nearest(place, [(row, row.starts_at, row.resource) for row in found.values()])


def _deployments(place: _Place, known: Sequence[int]) -> list[Near]:
    rows = ChangeEvent.objects.filter(
        kind__in=DEPLOYING,
        started_at__gte=place.at - DEPLOYS_BEFORE,
        started_at__lt=place.at + DEPLOYS_AFTER,
    ).order_by("-started_at", "-id")
    rows = rows.defer("body", "data", "before", "after")
    return _nearest(
        place, [(row, row.started_at, row.subject) for row in rows[:_LOOKED_AT]], set(known)
    )


def _nearest(
    place: _Place, rows: Sequence[tuple[Any, datetime, str]], known: set[int] | None = None
) -> list[Near]:
    found = []
    for row, at, subject in rows:
        why = _reasons(place, row, subject)
        if known and row.pk in known:
            why["part of it"] = 8.0
        # What shares the region only is a neighbour of everything.
        if set(why) - {"region"}:
            apart = abs(at - place.at) / timedelta(hours=1)
            found.append(Near(row, list(why), sum(why.values()) - min(apart, 1.0)))
    return sorted(found, key=lambda near: -near.rank)[:MOST]


def _reasons(place: _Place, row: Any, subject: str) -> dict[str, float]:
    labels: Mapping[str, Any] = row.labels if isinstance(row.labels, dict) else {}
    said = {str(value) for value in labels.values()}
    why = {}
    if said & {*place.resource} or any(name in subject.split() for name in place.resource):
        why["resource"] = 4.0
    if place.service and place.service in (row.service, *said):
        why["service"] = 2.0
    if said & {*place.account}:
        why["account"] = 1.0
    if why and place.environment and row.environment == place.environment:
        why["environment"] = 0.5
    if place.region and row.region == place.region:
        why["region"] = 0.25
    return why


def _first(tags: Mapping[str, str], names: Sequence[str]) -> str:
    return next((tags[name] for name in names if tags.get(name)), "")
