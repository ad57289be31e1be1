"""One page of the console's list, and what is shown beside each alert."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value, When

from alerts.models import Alert, Notification, Transition
from alerts.normalise import SEVERITIES
from alerts.search import severity_rank
from opsportal.lib.outbox import OutboxRow

PAGE = 100
# What a row does not show.
_UNREAD = ("raw", "description", "annotations", "labels", "links")


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of the list; `older` and `newer` are the ids to go on from."""

    alerts: Sequence[Alert]
    older: int | None = None
    newer: int | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    """Newest first, or worst first and then newest first."""

    found: QuerySet[Alert]
    worst: bool

    def rows(self, *, reverse: bool = False) -> list[Alert]:
        """A page and one more, from the front or from the back."""
        found = self.found
        if self.worst:
            rank = severity_rank()
            found = found.order_by(
                rank.asc() if reverse else rank.desc(), "id" if reverse else "-id"
            )
        elif reverse:
            found = found.order_by("id")
        return list(found[: PAGE + 1])

    def beyond(self, alert_id: int, *, before: bool) -> "_Order":
        """What comes after the alert in the list; or before it, going up."""
        past = Q(pk__gt=alert_id) if before else Q(pk__lt=alert_id)
        if self.worst:
            severity = Alert.objects.filter(pk=alert_id).values_list("severity", flat=True).first()
            if severity is not None:
                place = SEVERITIES.index(severity)
                others = SEVERITIES[:place] if before else SEVERITIES[place + 1 :]
                past = Q(severity=severity) & past | Q(severity__in=others)
        return _Order(self.found.filter(past), self.worst)


def list_page(
    found: QuerySet[Alert], *, after: int | None, before: int | None, worst: bool
) -> Rows:
    """One page by its neighbour's id: no offsets, no counts."""
    order = _Order(found.select_related("assignee", "team").defer(*_UNREAD), worst)
    if after is not None:
        alerts = order.beyond(after, before=True).rows(reverse=True)
        more = len(alerts) > PAGE
        alerts = alerts[:PAGE][::-1]
        if not more and len(alerts) < PAGE:
            # The first page is never a short one.
            alerts = order.rows()
            return Rows(alerts[:PAGE], older=_last(alerts))
        return Rows(alerts, older=alerts[-1].pk, newer=alerts[0].pk if more else None)
    if before is not None:
        order = order.beyond(before, before=False)
    alerts = order.rows()
    newer = None
    if before is not None:
        newer = alerts[0].pk if alerts else before - 1
    return Rows(alerts[:PAGE], older=_last(alerts), newer=newer)


def _last(alerts: Sequence[Alert]) -> int | None:
    """The id to go on from, when there is more than a page."""
    return alerts[PAGE - 1].pk if len(alerts) > PAGE else None


def number_of(text: str) -> int | None:
    """The id that a form or a URL names; None for what cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def told_of(alerts: Sequence[Alert]) -> dict[int, Mapping[str, int]]:
    """Alert id -> state of its notifications -> how many; what a fallback told is `instead`."""
    told: dict[int, dict[str, int]] = {}
    rows = Notification.objects.filter(alert__in=[alert.pk for alert in alerts]).order_by()
    fallback = Notification.objects.filter(instead_of=OuterRef("pk"), state=OutboxRow.State.DONE)
    rescued = Case(
        When(Q(state=OutboxRow.State.DEAD) & Exists(fallback), then=Value("instead")),
        default=F("state"),
        output_field=CharField(),
    )
    counted = rows.values("alert_id", shown=rescued).annotate(count=Count("pk"))
    for row in counted:
        told.setdefault(row["alert_id"], {})[row["shown"]] = row["count"]
    return {**told}


def takers(alerts: Sequence[Alert]) -> dict[int, str]:
    """Alert id -> who acknowledged it last."""
    taken = Transition.objects.filter(
        alert__in=[alert.pk for alert in alerts], kind=Transition.Kind.ACKNOWLEDGED
    )
    return dict(taken.order_by("id").values_list("alert_id", "actor"))


def people() -> list[tuple[int, str]]:
    """Whom an alert may be given to."""
    active = get_user_model().objects.filter(is_active=True)
    return list(active.order_by("username").values_list("pk", "username")[:200])
