"""Alerts on the timeline, and the requests that changes came in by."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse

from alerts.models import Alert, RawDelivery
from chronos.models import ChangeEvent
from chronos.overlay import MOST_MARKS, Link, Mark, Scope

# What was resolved within an interval may have been received so long before it.
_BACK = timedelta(days=1)
# A request and what is recorded of it have the same instant.
_SAME = timedelta(seconds=2)
_MOST_DELIVERIES = 200
_SHOWN = (
    "pk", "name", "summary", "severity", "service", "environment", "starts_at", "resolved_at",
)  # fmt: skip


class AlertOverlay:
    """Episodes that overlap an interval."""

    slug = "alerts"

    def marks(self, since: datetime, until: datetime, scope: Scope) -> Sequence[Mark]:
        """Two queries: what is open, and what was received shortly before or within."""
        found = Alert.objects.filter(_within(scope), starts_at__lt=until)
        still = found.filter(resolved_at=None).order_by("-id")
        over = found.filter(
            received_at__gte=since - _BACK, received_at__lt=until + _BACK, resolved_at__gt=since
        ).order_by("-received_at")
        rows = [*still.values(*_SHOWN)[:MOST_MARKS], *over.values(*_SHOWN)[:MOST_MARKS]]
        rows.sort(key=lambda row: row["starts_at"], reverse=True)
        return [
            Mark(
                start=row["starts_at"],
                end=row["resolved_at"],
                severity=row["severity"],
                title=f"{row['name']}: {row['summary']}" if row["summary"] else row["name"],
                url=f"/alerts/{row['pk']}/",
                service=row["service"],
                environment=row["environment"],
            )
            for row in rows[:MOST_MARKS]
        ]

    def links(self, event: ChangeEvent) -> Sequence[Link]:
        """The requests, as far as they are kept, that brought the change first and last."""
        near = Q()
        for instant in {event.recorded_at, event.updated_at}:
            near |= Q(received_at__range=(instant - _SAME, instant + _SAME))
        rows = RawDelivery.objects.filter(near).order_by("received_at")
        return [
            Link(
                f"as received {at:%Y-%m-%d %H:%M:%S} UTC",
                reverse("admin:alerts_rawdelivery_change", args=[pk]),
                "alerts.view_rawdelivery",
            )
            for pk, at, ids in rows.values_list("pk", "received_at", "change_ids")[
                :_MOST_DELIVERIES
            ]
            if event.pk in ids
        ]


def _within(scope: Scope) -> Q:
    """Where the change was; an alert that does not say where it is may be there."""
    condition = Q()
    if scope.services:
        condition &= Q(service__in=[*scope.services])
    if scope.environments:
        condition &= Q(environment__in=[*scope.environments, ""])
    return condition
