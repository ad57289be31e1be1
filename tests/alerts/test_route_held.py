"""Silences and inhibitions hold back all that routing does, and it is told afterwards."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import (
    Alert,
    Escalation,
    Inhibition,
    Notification,
    Remediation,
    RuleAction,
    Silence,
    Transition,
)
from alerts.release import release_held
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
    make_silence,
)
from tests.alerts.routing import change_severity, end, release, reopen, route, told

pytestmark = pytest.mark.django_db


def opened(**values) -> Alert:
    alert = make_alert(**values)
    make_decision(alert)
    return alert


def test_a_silence_holds_back_telling_paging_and_remediation_and_says_so():
    team = Team.objects.create(name="payments")
    rule = make_rule("all", "", make_channel())
    RuleAction.objects.create(rule=rule, kind="page", team=team, position=1)
    RuleAction.objects.create(rule=rule, kind="remediate", value="ec2_reboot", position=2)
    silence = make_silence()
    alert = opened()
    [decision] = route()
    alert.refresh_from_db()
    assert decision.outcome == "suppressed"
    assert alert.suppressed == f"silence {silence.pk}: upgrade"
    assert told(alert) == []
    assert not Escalation.objects.exists()
    assert not Remediation.objects.exists()
    assert decision.reasons[-2]["silence"] == silence.pk
    assert release(later(minutes=59)) == []
    [decision] = release(later(hours=1))
    alert.refresh_from_db()
    assert (decision.outcome, alert.suppressed) == ("notified", "")
    # Who never heard of it is told of it as of a new one.
    assert told(alert) == [("ops", "warning")]
    assert Escalation.objects.get().team == team
    wish = Remediation.objects.get()
    assert (wish.plugin, wish.dry_run, wish.approval) == ("ec2_reboot", True, "required")
    kinds = Transition.objects.filter(alert=alert).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["opened", "released"]


def test_who_was_told_before_the_silence_is_told_that_it_still_fires():
    make_rule("all", "", make_channel())
    alert = opened()
    route()
    make_silence()
    change_severity(alert, "critical", "worsened")
    assert route()[0].outcome == "suppressed"
    [decision] = release(later(hours=2))
    assert told(alert) == [("ops", "warning"), ("ops", f"released {decision.transition_id}")]


def test_what_is_resolved_within_a_silence_is_told_to_those_who_knew_of_it():
    make_rule("all", "", make_channel())
    before = opened()
    route()
    make_silence()
    within = opened()
    route()
    end(before)
    end(within)
    assert [decision.outcome for decision in route()] == ["notified", "nobody"]
    assert told(before) == [("ops", "warning"), ("ops", "resolved")]
    assert told(within) == []
    assert release(later(hours=2)) == []


def test_a_new_silence_counts_at_once_and_one_that_was_ended_no_more():
    make_rule("all", "", make_channel())
    first = opened()
    assert route()[0].outcome == "notified"
    silence = make_silence()
    second = opened()
    assert route()[0].outcome == "suppressed"
    Silence.objects.filter(pk=silence.pk).delete()
    assert release(later(seconds=10))[0].outcome == "notified"
    assert (len(told(first)), len(told(second))) == (1, 1)


def test_a_snooze_outlasts_the_silence_that_ends_before():
    make_rule("all", "", make_channel())
    make_silence()
    alert = opened(snoozed_until=later(hours=3))
    route()
    assert release(later(hours=1))[0].outcome == "snoozed"
    assert told(alert) == []


def test_what_is_about_to_be_routed_is_not_released_as_well():
    make_rule("all", "", make_channel())
    make_silence()
    alert = opened()
    route()
    change_severity(alert, "critical", "worsened")
    release_held(now=later(hours=1))
    route(later(hours=1))
    assert told(alert) == [("ops", "critical")]
    assert release(later(hours=1)) == []


def test_the_end_of_a_rule_s_suppression_is_told():
    make_rule("hush", "", ("suppress", "night"), active_times="00:00-13:00", order=1)
    make_rule("all", "", make_channel())
    alert = opened()
    assert route()[0].outcome == "suppressed"
    assert release(later(minutes=59)) == []
    assert release(later(minutes=61))[0].outcome == "notified"
    assert told(alert) == [("ops", "warning")]


def inhibit(**values) -> Inhibition:
    defaults = {
        "name": "job",
        "source_match": '{name="JobDown"}',
        "target_match": '{name="InstanceDown"}',
        "equal": ["zone"],
    }
    return Inhibition.objects.create(**defaults | values)


def in_zone(name: str, zone: str, **values) -> Alert:
    return opened(name=name, labels={"zone": zone} if zone else {}, **values)


def test_the_source_mutes_its_zone_only_and_its_end_tells_what_still_fires():
    make_rule("all", "", make_channel())
    inhibit()
    source = in_zone("JobDown", "aa")
    target, other, nowhere = (in_zone("InstanceDown", zone) for zone in ("aa", "ab", ""))
    outcomes = [decision.outcome for decision in route()]
    assert outcomes == ["notified", "suppressed", "notified", "notified"]
    target.refresh_from_db()
    assert target.suppressed == f"inhibited by alert {source.pk}: JobDown"
    assert told(other) == told(nowhere) == [("ops", "warning")]
    assert release(later(seconds=5)) == []
    end(source)
    route()
    assert release(later(seconds=10))[0].outcome == "notified"
    assert told(target) == [("ops", "warning")]


def test_source_and_target_that_end_together_leave_nothing_to_tell_of_the_target():
    make_rule("all", "", make_channel())
    inhibit()
    source, target = in_zone("JobDown", "aa"), in_zone("InstanceDown", "aa")
    route()
    end(source)
    end(target)
    assert [decision.outcome for decision in route()] == ["notified", "nobody"]
    assert release(later(minutes=2)) == []


def test_alerts_that_are_both_source_and_target_do_not_mute_each_other():
    make_rule("all", "", make_channel())
    inhibit(source_match='{service="billing"}', target_match='{name="InstanceDown"}')
    for _ in range(2):
        in_zone("InstanceDown", "aa")
    assert [decision.outcome for decision in route()] == ["notified", "notified"]
    in_zone("JobDown", "aa")  # a source and no target
    in_zone("InstanceDown", "aa")
    assert [decision.outcome for decision in route()] == ["notified", "suppressed"]


def test_an_inhibition_sees_what_rules_set():
    make_rule("raise", '{name="InstanceDown"}', ("set", "severity", "high"), order=1)
    make_rule("all", "", make_channel(), order=2)
    inhibit(target_match='{severity="high"}', equal=["service"])
    in_zone("JobDown", "aa")
    in_zone("InstanceDown", "aa")
    assert [decision.outcome for decision in route()] == ["notified", "suppressed"]


def test_the_number_of_queries_does_not_grow_with_what_holds_back():
    make_rule("all", "", make_channel())
    make_rule("set", "", ("set", "severity", "high"))
    inhibit()
    make_silence('{service="search"}')
    in_zone("JobDown", "aa")
    route()

    def cost(size: int) -> tuple[int, int]:
        for number in range(size):
            in_zone("InstanceDown", "aa")
            opened(service="search", name=f"Disk{number}")
            reopen(f"{size}-{Alert.objects.count()}", NOW)
        rows = claim(DecisionOutbox())
        assert len(rows) == size * 3
        with CaptureQueriesContext(connection) as routing:
            route_transitions(rows, now=NOW)
        with CaptureQueriesContext(connection) as releasing:
            release_held(now=later(seconds=1))
        return len(routing), len(releasing)

    cost(1)
    assert cost(1) == cost(30)
    assert Notification.objects.count() == 1 + 32


def test_a_release_of_many_takes_few_queries():
    make_rule("all", "", make_channel())
    silence = make_silence()
    for _ in range(30):
        opened()
    route()
    Silence.objects.filter(pk=silence.pk).delete()
    with CaptureQueriesContext(connection) as queries:
        assert release_held(now=later(seconds=1)) == 30
    assert len(queries) < 25
    assert {decision.outcome for decision in route(later(seconds=2))} == {"notified"}
    assert release_held(now=later(seconds=9) + timedelta(minutes=2)) == 0
