"""Storms of pages, from the sender to the escalation, at a time of the test's choice."""

from datetime import timedelta

from alerts.models import Alert, Escalation, Notification, RuleAction
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from opsportal.accounts.models import Team
from tests.accounts.people import make_team
from tests.alerts.makers import NOW, claim, make_rule
from tests.alerts.paging import MINUTE, make_policy, person

ZERO = timedelta(0)


def paging_rule(team, name="pages", match="", **values):
    rule = make_rule(name, match, **values)
    RuleAction.objects.create(rule=rule, kind="page", team=team)
    return rule


def fire(*keys, now=NOW, service="billing", severity="high", **fields) -> list[Alert]:
    """Received and routed, as senders and the dispatcher do."""
    events = [
        AlertEvent(name="DiskFull", dedup_key=key, service=service, severity=severity, **fields)
        for key in keys
    ]
    receive_alerts(events, now=now)
    route(now)
    found = {alert.dedup_key: alert for alert in Alert.objects.filter(dedup_key__in=keys)}
    return [found[key] for key in keys]


def resolve(*keys, now) -> None:
    events = [AlertEvent(name="DiskFull", dedup_key=key, status="resolved") for key in keys]
    receive_alerts(events, now=now)
    route(now)


def route(now) -> None:
    while rows := claim(DecisionOutbox(), now, 500):
        route_transitions(rows, now=now)


def row(alert) -> Escalation:
    return Escalation.objects.select_related("leader").get(alert=alert)


def standing(*alerts) -> list[tuple[str, str]]:
    return [(row(alert).state, row(alert).progress) for alert in alerts]


def page_count() -> int:
    return Notification.objects.filter(about__startswith="page ").count()


def duo_team() -> Team:
    """jo at once, sam five minutes later."""
    found = make_team("payments")
    make_policy(found, (ZERO, person("jo", found)), (5 * MINUTE, person("sam", found)))
    return found
