"""What stands around a change: what belongs to it, what ran before and after, what followed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from chronos.models import ChangeEvent
from chronos.normalise import DEPLOYING
from chronos.overlay import Link, Mark, Scope, links_of, marks_within

# An alert that begins so long after a change may be of it.
FOLLOWS_WITHIN = timedelta(minutes=30)
MOST_CORRELATED, MOST_FOLLOWED = 50, 30


@dataclass(frozen=True, slots=True)
class Around:
    """`before` and `after` are the deployments of the same service in the same environment."""

    correlated: Sequence[ChangeEvent]
    before: ChangeEvent | None
    after: ChangeEvent | None
    followed: Sequence[Mark]
    links: Sequence[Link]


def look_around(event: ChangeEvent) -> Around:
    """The surroundings, by a few queries that are each served by an index."""
    return Around(
        correlated=_correlated(event),
        before=_deployments(event).filter(started_at__lt=event.started_at).first(),
        after=_deployments(event)
        .filter(started_at__gt=event.started_at)
        .order_by("started_at", "id")
        .first(),
        followed=_followed(event),
        links=links_of(event),
    )


def _correlated(event: ChangeEvent) -> list[ChangeEvent]:
    if not event.correlation_id:
        return []
    # The second condition is that of the index.
    found = ChangeEvent.objects.filter(correlation_id=event.correlation_id)
    found = found.exclude(correlation_id="").exclude(pk=event.pk).order_by("-started_at")
    return list(found[:MOST_CORRELATED])


def _deployments(event: ChangeEvent) -> QuerySet[ChangeEvent]:
    if not event.service:
        return ChangeEvent.objects.none()
    found = ChangeEvent.objects.filter(service=event.service, kind__in=DEPLOYING)
    return found.filter(environment=event.environment).order_by("-started_at", "-id")


def _followed(event: ChangeEvent) -> list[Mark]:
    """Alerts where it was; of what was nowhere, none is said to be its own."""
    if not (event.service or event.environment):
        return []
    scope = Scope(
        [event.service] if event.service else [], [event.environment] if event.environment else []
    )
    until = (event.ended_at or event.started_at) + FOLLOWS_WITHIN
    marks = marks_within(event.started_at, until, scope)
    return [mark for mark in marks if mark.start >= event.started_at][:MOST_FOLLOWED]
