"""Claiming and routing, as the dispatcher does, and what came of it."""

from alerts.models import Alert, Decision, Notification
from alerts.release import release_held
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from tests.alerts.delivering import flush as flush_due
from tests.alerts.makers import NOW, claim, make_alert, make_decision


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


def opened(now=NOW, **values):
    alert = make_alert(**values)
    make_decision(alert)
    route(now)
    return alert


def flush(now) -> int:
    """Groups that are due become messages, and those arrive; how many groups they were."""
    groups = flush_due(now)
    for lead in Notification.objects.filter(state="due", group__isnull=False):
        Notification.objects.filter(lead=lead).update(state="done")
        Notification.objects.filter(pk=lead.pk).update(state="done")
    return groups


def states(alert) -> list[tuple[str, str]]:
    rows = Notification.objects.filter(alert=alert).order_by("pk")
    return [(row.about, row.state) for row in rows]


def release(now) -> list[Decision]:
    release_held(now=now)
    return route(now)


def reopen(key: str, at) -> Alert:
    alert = make_alert(dedup_key=key, received_at=at, starts_at=at)
    make_decision(alert, "reopened")
    return alert
