"""What rules set, and what later rules and routings see of it."""

import pytest

from alerts.models import Transition
from opsportal.accounts.models import Team
from tests.alerts.makers import (
    make_alert,
    make_channel,
    make_decision,
    make_rule,
)
from tests.alerts.routing import change_severity, route, told

pytestmark = pytest.mark.django_db


def test_set_changes_the_alert_and_later_rules_see_it():
    team = Team.objects.create(name="payments")
    channel = make_channel()
    make_rule(
        "raise",
        '{service="billing"}',
        ("set", "severity", "critical"),
        ("set", "service", "invoices"),
        ("set", "team", "payments"),
        ("set", "runbook_url", "https://wiki.example.org/disk"),
        order=1,
    )
    make_rule(
        "page", '{severity="critical", service="invoices", team="payments"}', channel, order=2
    )
    alert = make_alert()
    make_decision(alert)
    route()
    alert.refresh_from_db()
    assert (alert.severity, alert.received_severity) == ("critical", "warning")
    assert (alert.service, alert.team) == ("invoices", team)
    assert alert.runbook_url == "https://wiki.example.org/disk"
    assert told(alert) == [("ops", "critical")]
    written = Transition.objects.filter(alert=alert, kind="set").order_by("pk")
    assert [(t.before, t.after) for t in written] == [
        ("severity=warning", "severity=critical"),
        ("service=billing", "service=invoices"),
        ("team=", "team=payments"),
        ("runbook_url=", "runbook_url=https://wiki.example.org/disk"),
    ]
    assert {t.actor for t in written} == {"rule raise"}


def test_what_is_set_already_makes_no_transition():
    make_rule("raise", "", ("set", "severity", "critical"))
    alert = make_alert()
    make_decision(alert)
    route()
    make_decision(alert, "woken", "")
    route()
    assert Transition.objects.filter(alert=alert, kind="set").count() == 1


def test_a_late_routing_does_not_set_the_severity_of_an_episode_that_has_moved_on():
    make_rule("calm", '{severity="warning"}', ("set", "severity", "info"))
    alert = make_alert(severity="warning")
    make_decision(alert)
    change_severity(alert, "critical", "worsened")
    route()
    alert.refresh_from_db()
    assert alert.severity == "critical"
