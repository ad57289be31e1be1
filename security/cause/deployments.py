"""In which deployment of the timeline a call was made."""

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from chronos.models import ChangeEvent
from security.models import ApiActivity

Key = TypeVar("Key", bound=Hashable)
KINDS = ("deployment", "rollback", "release")
# A deployment that is named may have begun so long before the call.
NAMED_WITHIN = timedelta(days=1)
# One that is not named: it was under way, or had ended so short a time before.
AFTER = timedelta(minutes=5)
# One that never said that it had ended was under way for so long.
OPEN_FOR = timedelta(hours=1)
# Tags that name a deployment, and the service that a resource belongs to.
ID_TAGS = ("deploy_id", "deployment_id", "deploy-id", "deployment-id")
SERVICE_TAGS = ("service", "app", "application", "component")
# A shorter number is a word like any other.
_SHORTEST = 4
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Deployed:
    """A call, and the tags of the resource that it changed."""

    activity: ApiActivity
    tags: Mapping[str, str]


def deployments_of(wanted: Mapping[Key, Deployed]) -> dict[Key, int]:
    """The deployment of each that was part of one; one query."""
    if not wanted:
        return {}
    times = [found.activity.at for found in wanted.values()]
    rows = (
        ChangeEvent.objects.filter(
            kind__in=KINDS, started_at__range=(min(times) - NAMED_WITHIN, max(times) + AFTER)
        )
        .order_by("-started_at", "-id")
        .only("id", "service", "external_id", "correlation_id", "started_at", "ended_at", "version")
    )
    deployments = list(rows[:_MOST])
    found = {key: deployment_of(one, deployments) for key, one in wanted.items()}
    return {key: pk for key, pk in found.items() if pk is not None}


def deployment_of(deployed: Deployed, deployments: Iterable[ChangeEvent]) -> int | None:
    """The id of the deployment: of that name, else of that service at that time."""
    at, names = deployed.activity.at, _names(deployed)
    services = {deployed.tags[tag] for tag in SERVICE_TAGS if deployed.tags.get(tag)}
    by_time = None
    for row in deployments:
        if row.started_at > at + AFTER or row.started_at < at - NAMED_WITHIN:
            continue
        if {row.external_id, row.correlation_id} & names:
            return row.pk
        if by_time is None and row.service in services and _was_under_way(row, deployed.activity):
            by_time = row.pk
    return by_time


def _names(deployed: Deployed) -> set[str]:
    """What may be a deployment's id: words of session and user agent, and tags for it."""
    activity = deployed.activity
    words = _WORD.findall(f"{activity.session_name} {activity.user_agent}")
    tagged = [deployed.tags[tag] for tag in ID_TAGS if deployed.tags.get(tag)]
    # Of "ci-4821" also "4821", of "deploy/4821" both.
    parts = [part for word in words for part in re.split(r"[-_.]", word)]
    return {word for word in (*words, *parts) if len(word) >= _SHORTEST} | set(tagged)


def _was_under_way(row: ChangeEvent, activity: ApiActivity) -> bool:
    end = row.ended_at + AFTER if row.ended_at else row.started_at + OPEN_FOR
    return row.started_at <= activity.at <= end and activity.tool != "console"
