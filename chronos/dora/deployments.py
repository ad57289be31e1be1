"""Deployments as the figures need them, place by place in the order of their ends."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import F

from chronos.dora.query import DoraQuery
from chronos.models import ChangeEvent
from chronos.normalise import DEPLOYING, FAILED, REMOVED, SUCCEEDED
from opsportal.lib.times import EARLIEST

# The newest of so many are measured.
MOST = 100_000
# So long before the window is looked for what ran when it began.
BEFORE = timedelta(days=7)
_HOTFIX, _YES = "hotfix", ("true", "1", "yes")
# What senders call a commit's time: GitHub's and GitLab's webhooks, GitLab's API, ours.
_COMMIT_TIMES = ("timestamp", "committed_at", "committed_date", "created_at", "date")
_MOST_COMMITS = 1000


class Deployment(NamedTuple):
    """One that is over: it succeeded or failed."""

    id: int
    kind: str
    status: str
    service: str
    environment: str
    region: str
    version: str
    previous_version: str
    team: str
    ended_at: datetime
    action: str
    tags: Sequence[str]
    labels: Mapping[str, str]
    commits: Any

    @property
    def succeeded(self) -> bool:
        """Whether it ran afterwards."""
        return self.status == SUCCEEDED

    @property
    def is_rollback(self) -> bool:
        """Whether it brought an earlier version back."""
        return self.kind == "rollback"

    @property
    def is_hotfix(self) -> bool:
        """Whether its sender says so: the action or a tag `hotfix`, or the label `hotfix=true`."""
        said = str(self.labels.get(_HOTFIX, "")).lower() in _YES
        return said or self.action == _HOTFIX or _HOTFIX in (tag.lower() for tag in self.tags)

    def commit_times(self) -> list[datetime]:
        """When what it brought was committed, as far as that was reported with a zone."""
        commits = self.commits if isinstance(self.commits, list) else []
        texts = [
            next((one[name] for name in _COMMIT_TIMES if one.get(name)), None)
            for one in commits[:_MOST_COMMITS]
            if isinstance(one, dict)
        ]
        texts.append(self.labels.get("committed_at"))
        return [at for text in texts if (at := _instant(text)) and at <= self.ended_at]


def deployments_by_place(query: DoraQuery) -> tuple[Iterator[list[Deployment]], bool]:
    """Those since a week before the window, and whether that is all of them."""
    found = ChangeEvent.objects.filter(
        kind__in=DEPLOYING,
        status__in=(SUCCEEDED, FAILED),
        environment__in=query.environment,
        ended_at__isnull=False,
        started_at__gte=query.since - BEFORE,
    ).exclude(service="")
    for name in ("service", "team"):
        if values := getattr(query, name):
            found = found.filter(**{f"{name}__in": values})
    newest = found.annotate(commits=F("data__commits")).order_by("-started_at", "-id")
    rows = [Deployment(*row) for row in newest.values_list(*Deployment._fields)[: MOST + 1]]
    complete = len(rows) <= MOST
    rows = [row for row in rows if row.action != REMOVED]
    rows.sort(key=lambda row: (*_place(row), row.ended_at, row.id))
    return (list(group) for _, group in groupby(rows, key=_place)), complete


def _place(row: Deployment) -> tuple[str, str, str]:
    return row.service, row.environment, row.region


def _instant(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo and found >= EARLIEST else None
