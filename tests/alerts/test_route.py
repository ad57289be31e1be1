"""Who is told of a transition, and why."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Notification
from alerts.policy import policy_at
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from opsportal.accounts.models import Team
from tests.alerts.makers import (
    NOW,
    claim,
    later,
    make_alert,
    make_channel,
    make_decision,
    make_rule,
)
from tests.alerts.routing import change_severity, end, route, told

pytestmark = pytest.mark.django_db


def test_a_rule_that_matches_tells_its_channel():
    channel = make_channel()
    rule = make_rule("billing", '{service="billing"}', channel)
    alert = make_alert()
    make_decision(alert)
    [decision] = route()
    assert (decision.state, decision.outcome) == ("done", "notified")
    assert decision.finished_at == NOW
    assert told(alert) == [("ops", "warning")]
    note = Notification.objects.get()
    assert (note.rule_id, note.state, note.due_at, note.created_at) == (rule.pk, "due", NOW, NOW)


def test_the_reasons_name_what_took_part_and_the_rest_is_computed_again():
    channel = make_channel()
    make_rule("search", '{name="DiskFull", service="search"}', channel, order=1)
    rule = make_rule("all", "", channel, order=2, stop=True)
    make_rule("never asked", "", channel, order=3)
    make_decision(make_alert())
    [decision] = route()
    [reason] = decision.reasons
    assert (reason["rule"], reason["version"]) == (rule.pk, rule.version)
    assert (reason["matched"], reason["stopped"]) == (True, True)
    assert reason["actions"] == ["notify ops"]
    assert decision.labels["service"] == "billing"
    looks = policy_at(decision.policy_version).trace(decision.labels, now=NOW)
    assert [(look.name, look.matched, look.acted) for look in looks] == [
        ("search", False, False), ("all", True, True), ("never asked", True, False),
    ]  # fmt: skip
    assert looks[0].matchers == (('name="DiskFull"', True), ('service="search"', False))


def test_no_rule_means_nobody():
    make_decision(make_alert())
    [decision] = route()
    assert decision.outcome == "nobody"


def test_a_disabled_rule_is_not_asked_and_a_disabled_channel_not_told():
    channel = make_channel(enabled=False)
    make_rule("off", "", make_channel("other"), enabled=False)
    make_rule("on", "", channel)
    make_decision(make_alert())
    [decision] = route()
    assert decision.outcome == "nobody"
    assert decision.reasons[0]["actions"] == ["notify ops (not done: the channel is disabled)"]


def test_two_rules_with_the_same_channel_tell_it_once():
    channel = make_channel()
    make_rule("one", "", channel)
    make_rule("two", "", channel)
    alert = make_alert()
    make_decision(alert)
    route()
    assert told(alert) == [("ops", "warning")]


def test_worse_is_told_and_the_same_severity_again_is_not():
    make_rule("all", "", make_channel())
    alert = make_alert()
    make_decision(alert)
    route()
    change_severity(alert, "critical", "worsened")
    assert route()[0].outcome == "notified"
    change_severity(alert, "warning", "improved")
    assert route()[0].outcome == "already_told"
    change_severity(alert, "critical", "worsened")
    assert route()[0].outcome == "already_told"
    assert told(alert) == [("ops", "warning"), ("ops", "critical")]


def test_suppress_holds_back_every_rule_and_says_why():
    channel = make_channel()
    make_rule("tell", "", channel, order=1)
    make_rule("hush", "", ("suppress", "maintenance"), order=2)
    alert = make_alert()
    make_decision(alert)
    [decision] = route()
    alert.refresh_from_db()
    assert (decision.outcome, alert.suppressed) == (
        "suppressed",
        "rule hush: maintenance",
    )
    assert told(alert) == []
    assert decision.reasons[-1] == {"note": "Suppressed: rule hush: maintenance"}


def test_a_team_s_rule_may_tell_of_anothers_alert_but_neither_hush_nor_change_it():
    ours, theirs = (Team.objects.create(name=name) for name in ("ours", "theirs"))
    channel, last = make_channel("ours"), make_channel("last")
    make_rule(
        "grab", "", ("suppress", "hush"), ("set", "severity", "info"), channel,
        order=1, stop=True, team=ours,
    )  # fmt: skip
    make_rule("all", "", last, order=2)
    foreign, own = make_alert(team=theirs), make_alert(team=ours)
    make_decision(foreign)
    make_decision(own)
    first, second = route()
    assert (first.outcome, second.outcome) == ("notified", "suppressed")
    assert sorted(told(foreign)) == [("last", "warning"), ("ours", "warning")]
    assert first.reasons[0]["actions"][0].endswith("(not done: the alert is team theirs's)")
    assert not first.reasons[0]["stopped"]


def test_what_was_suppressed_is_not_resolved_to_anybody():
    make_rule("hush", "", make_channel(), ("suppress", "maintenance"))
    alert = make_alert()
    make_decision(alert)
    route()
    end(alert)
    assert route()[0].outcome == "nobody"
    assert told(alert) == []


def test_suppression_ends_with_the_next_routing_that_does_not_suppress():
    make_rule("hush", '{severity="warning"}', ("suppress", "minor"))
    make_rule("tell", "", make_channel())
    alert = make_alert()
    make_decision(alert)
    route()
    change_severity(alert, "critical", "worsened")
    assert route()[0].outcome == "notified"
    alert.refresh_from_db()
    assert alert.suppressed == ""


def test_the_end_goes_to_everyone_who_was_told_although_rules_have_changed():
    first, second = make_channel("first"), make_channel("second")
    rule = make_rule("all", "", first)
    alert = make_alert()
    make_decision(alert)
    route()
    rule.delete()
    make_rule("new", "", second)
    end(alert)
    assert route()[0].outcome == "notified"
    assert told(alert) == [("first", "warning"), ("first", "resolved")]


def test_an_expired_episode_is_told_as_resolved():
    make_rule("all", "", make_channel())
    alert = make_alert()
    make_decision(alert)
    route()
    end(alert, kind="expired")
    route()
    assert told(alert) == [("ops", "warning"), ("ops", "resolved")]


def test_a_firing_routed_after_the_resolve_is_told_to_nobody():
    make_rule("all", "", make_channel())
    alert = make_alert()
    make_decision(alert)
    end(alert)
    opened, resolved = route()
    assert (opened.outcome, resolved.outcome) == ("nobody", "nobody")
    assert "resolved before" in opened.reasons[0]["note"]
    assert told(alert) == []


def test_late_routing_tells_the_severity_of_the_transition():
    make_rule("critical", '{severity="critical"}', make_channel("pager"))
    make_rule("warning", '{severity="warning"}', make_channel("mail"))
    alert = make_alert(severity="warning")
    make_decision(alert)
    change_severity(alert, "critical", "worsened")
    route()
    assert told(alert) == [("mail", "warning"), ("pager", "critical")]


def test_improved_is_not_told_while_snoozed_or_acknowledged():
    make_rule("all", "", make_channel())
    snoozed = make_alert(severity="high", snoozed_until=later(hours=1))
    make_decision(snoozed, "improved")
    taken = make_alert(severity="high", status="acknowledged")
    make_decision(taken, "improved")
    assert [decision.outcome for decision in route()] == ["snoozed", "nobody"]
    assert Notification.objects.count() == 0


def test_worse_is_told_although_it_was_acknowledged():
    make_rule("all", "", make_channel())
    alert = make_alert(severity="critical", status="acknowledged")
    make_decision(alert, "worsened")
    assert route()[0].outcome == "notified"


def test_a_woken_alert_is_told_again_each_time():
    make_rule("all", "", make_channel())
    alert = make_alert()
    make_decision(alert)
    route()
    first = make_decision(alert, "woken", "")
    route()
    second = make_decision(alert, "woken", "")
    route()
    assert told(alert) == [
        ("ops", "warning"),
        ("ops", f"woken {first.transition_id}"),
        ("ops", f"woken {second.transition_id}"),
    ]


def test_a_decision_that_somebody_else_holds_by_now_is_left_alone():
    make_rule("all", "", make_channel())
    alert = make_alert()
    make_decision(alert)
    mine = claim(DecisionOutbox())
    theirs = claim(DecisionOutbox(), NOW + timedelta(minutes=5))
    route_transitions(mine, now=NOW)
    assert told(alert) == []
    route_transitions(theirs, now=NOW)
    assert told(alert) == [("ops", "warning")]


def test_the_number_of_queries_does_not_grow_with_the_batch():
    Team.objects.create(name="payments")
    channels = [make_channel(f"channel-{number}") for number in range(5)]
    make_rule("set", "", ("set", "team", "payments"), ("set", "severity", "high"))
    for number, channel in enumerate(channels):
        make_rule(f"rule-{number}", '{service=~"bill.*"}', channel)

    def cost(size: int) -> int:
        for _ in range(size):
            make_decision(make_alert())
        rows = claim(DecisionOutbox())
        assert len(rows) == size
        with CaptureQueriesContext(
            connection,
        ) as queries:
            route_transitions(rows, now=NOW)
        return len(queries)

    cost(1)  # loads the policy
    assert cost(1) == cost(50) <= 11
    assert Notification.objects.count() == 52 * 5
