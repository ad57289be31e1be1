"""What a group's message tells of: read before it is composed, a few queries however large it is.

A group's message shows the whole group as its recipients know it once they have the message: what
fires, and what this message ends. Rows are never edited, so every attempt finds the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Count, F, IntegerField, Max, Q, QuerySet, Value, When

from alerts.channels import Member
from alerts.channels.message import MOST_LISTED
from alerts.models import Notification
from alerts.normalise import FIRING, RESOLVED, SEVERITIES, SEVERITY_RANK, alert_url
from opsportal.lib.outbox import OutboxRow

_COLUMNS = ("name", "severity", "summary", "service", "resource", "starts_at")


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a group has to tell."""

    key: str
    labels: Mapping[str, str]
    counts: Mapping[str, int]  # severity -> how many fire
    resolved: int
    members: tuple[Member, ...]
    starts_at: datetime


def severity_told() -> Case:
    """The severity that a notification tells of, as SQL: what it is about, or the alert's."""
    said = Q(about__in=SEVERITIES)
    return Case(When(said, then=F("about")), default=F("alert__severity"), output_field=CharField())


def rank_told() -> Case:
    """How bad what a notification tells is: 0 for an end, else its severity, the worst highest."""
    said = [When(about=name, then=Value(rank)) for name, rank in SEVERITY_RANK.items()]
    known = [When(alert__severity=name, then=Value(rank)) for name, rank in SEVERITY_RANK.items()]
    over = When(about=RESOLVED, then=Value(0))
    return Case(over, *said, *known, default=Value(1), output_field=IntegerField())


def told_with(lead: Notification) -> QuerySet[Notification]:
    """The newest notification of each alert of the group that fires, or ends with this message."""
    ours = Q(pk=lead.pk) | Q(lead=lead.pk)
    latest = Notification.objects.filter(ours).aggregate(latest=Max("pk"))["latest"]
    # Each flush takes all there is, so what is older was told, or is told now.
    known = Notification.objects.filter(group=lead.group_id, pk__lte=latest)
    known = known.exclude(state=OutboxRow.State.DROPPED).order_by()
    newest = known.values("alert").annotate(newest=Max("pk")).values("newest")
    fires = ~Q(about=RESOLVED) & (ours | Q(alert__resolved_at=None))
    return Notification.objects.filter(
        fires | (Q(about=RESOLVED) & ours), pk__in=newest, group=lead.group_id
    )


def gather_group(lead: Notification) -> Gathered | None:
    """What the group of a lead tells; None of a notification that speaks for itself alone.

    One that is sent to a fallback channel tells what the failed one would have told.
    """
    lead = lead.instead_of or lead
    if lead.group is None:
        return None
    rows = told_with(lead)
    firing = rows.exclude(about=RESOLVED).order_by()
    counted = firing.annotate(told=severity_told()).values_list("told").annotate(count=Count("pk"))
    counts = dict(counted)
    listed = rows.annotate(rank=rank_told()).order_by("-rank", "-pk")
    columns = ["about", "alert_id", *(f"alert__{name}" for name in _COLUMNS)]
    members = tuple(_member(*row) for row in listed.values_list(*columns)[:MOST_LISTED])
    return Gathered(
        key=lead.group.episode_key,
        labels={name: str(value) for name, value in lead.group.labels.items()},
        counts={name: counts[name] for name in SEVERITIES if name in counts},
        resolved=rows.filter(about=RESOLVED).count(),
        members=members,
        starts_at=min((member.starts_at for member in members), default=lead.created_at),
    )


def _member(about: str, alert_id: int, *facts: Any) -> Member:
    name, severity, summary, service, resource, starts_at = facts
    return Member(
        id=alert_id,
        name=name,
        severity=about if about in SEVERITY_RANK else severity,
        status=RESOLVED if about == RESOLVED else FIRING,
        summary=summary,
        service=service,
        resource=resource,
        url=alert_url(alert_id),
        starts_at=starts_at,
    )
