"""Claiming and routing, as the dispatcher does, and what came of it."""

from alerts.models import Alert, Decision, Notification
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from tests.alerts.makers import NOW, claim, make_decision


def route(now=NOW) -> list[Decision]:
    rows = claim(DecisionOutbox(), now)
    route_transitions(rows, now=now)
    return list(Decision.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk"))


def told(alert: Alert) -> list[tuple[str, str]]:
    rows = Notification.objects.filter(alert=alert).order_by("pk")
    return [(row.channel.name, row.about) for row in rows]


def change_severity(alert: Alert, severity: str, kind: str) -> None:
    Alert.objects.filter(pk=alert.pk).update(severity=severity, received_severity=severity)
    alert.refresh_from_db()
    make_decision(alert, kind, severity)


def end(alert: Alert, now=NOW, kind: str = "resolved") -> None:
    Alert.objects.filter(pk=alert.pk).update(status="resolved", resolved_at=now)
    alert.refresh_from_db()
    make_decision(alert, kind, "resolved")
