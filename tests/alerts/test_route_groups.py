"""Groups and pages: what routing prepares for others to do."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.flush import flush_groups
from alerts.models import (
    AlertGroup,
    Channel,
    Escalation,
    Notification,
    RuleAction,
    RuleHit,
)
from alerts.route import route_transitions
from alerts.tasks import AlertGroupOutbox, DecisionOutbox
from opsportal.accounts.models import Team
from opsportal.lib.outbox import finish
from tests.alerts.makers import (
    NOW,
    claim,
    later,
    make_alert,
    make_channel,
    make_decision,
    make_rule,
)
from tests.alerts.routing import change_severity, end, flush, opened, route, states, told

pytestmark = pytest.mark.django_db
WAIT, INTERVAL = timedelta(seconds=10), timedelta(minutes=5)


@pytest.fixture
def grouped() -> Channel:
    channel = make_channel()
    make_rule(
        "grouped", "", channel, group_by=["service"], group_wait=WAIT, group_interval=INTERVAL
    )
    return channel


def test_alerts_that_share_labels_wait_in_one_group(grouped):
    first, second = opened(), opened(now=later(seconds=5))
    other = opened(service="search")
    group = AlertGroup.objects.get(labels={"service": "billing"})
    assert (group.state, group.due_at, group.interval) == ("due", NOW + WAIT, INTERVAL)
    assert (group.channel, group.told_at, group.opened_at) == (grouped, None, NOW)
    assert states(first) == states(second) == [("warning", "held")]
    assert set(Notification.objects.filter(group=group).values_list("alert_id", flat=True)) == {
        first.pk,
        second.pk,
    }
    assert AlertGroup.objects.count() == 2
    assert Notification.objects.get(alert=other).group != group


def test_the_decision_names_its_group(grouped):
    make_decision(make_alert())
    [decision] = route()
    group = AlertGroup.objects.get()
    assert decision.outcome == "notified"
    assert decision.reasons[-1] == {
        "group": group.pk,
        "note": f"Told with others of service=billing in the next message of group {group.pk}.",
    }


def test_an_idle_group_tells_again_after_its_interval_and_at_once_when_that_has_passed(grouped):
    opened()
    assert flush(later(seconds=10)) == 1
    group = AlertGroup.objects.get()
    assert (group.state, group.told_at) == ("done", later(seconds=10))
    opened(now=later(seconds=30))
    group.refresh_from_db()
    assert (group.state, group.due_at) == ("due", later(seconds=10) + INTERVAL)
    assert flush(later(seconds=30)) == 0
    assert flush(later(minutes=6)) == 1
    opened(now=later(hours=1))
    group.refresh_from_db()
    assert (group.state, group.due_at) == ("due", later(hours=1))


def test_the_end_leaves_at_once_when_the_group_empties(grouped):
    first, second = opened(), opened()
    flush(later(seconds=10))
    group = AlertGroup.objects.get()
    end(first)
    route(later(seconds=20))
    group.refresh_from_db()
    assert (group.state, group.due_at) == ("due", later(seconds=10) + INTERVAL)
    assert states(first) == [("warning", "done"), ("resolved", "held")]
    end(second)
    route(later(seconds=30))
    group.refresh_from_db()
    assert (group.state, group.due_at) == ("due", later(seconds=30))
    assert flush(later(seconds=30)) == 1
    group.refresh_from_db()
    assert group.closed_at == later(seconds=30)
    # What comes then begins a new group.
    opened(now=later(seconds=40))
    assert AlertGroup.objects.filter(closed_at=None).get().due_at == later(seconds=50)


def test_a_batch_that_ends_one_and_opens_another_keeps_the_group_s_time(grouped):
    first = opened()
    flush(later(seconds=10))
    end(first)
    make_decision(make_alert())
    route(later(seconds=20))
    assert AlertGroup.objects.get().due_at == later(seconds=10) + INTERVAL


def test_what_ends_before_the_message_is_told_to_nobody(grouped):
    stays, goes = opened(), opened()
    end(goes)
    [decision] = route(later(seconds=5))
    assert decision.outcome == "nobody"
    assert states(goes) == [("warning", "dropped")]
    flush(later(seconds=10))
    assert states(stays) == [("warning", "done")]
    assert states(goes) == [("warning", "dropped")]


def test_what_is_on_its_way_already_has_its_end_told(grouped):
    alert = opened()
    groups = claim(AlertGroupOutbox(), later(seconds=10))
    flush_groups(groups, now=later(seconds=10))
    end(alert)
    route(later(seconds=11))
    assert states(alert) == [("warning", "due"), ("resolved", "held")]


def test_a_group_that_somebody_flushes_now_is_left_to_them(grouped):
    opened()
    [claimed] = claim(AlertGroupOutbox(), later(seconds=10))
    second = opened(now=later(seconds=10))
    flush_groups([claimed], now=later(seconds=10))
    assert Notification.objects.exclude(state="held", lead=None).filter(alert=second).exists()


def test_a_group_that_was_given_up_is_tried_again(grouped):
    opened()
    AlertGroup.objects.update(state="dead", attempts=100)
    opened(now=later(minutes=1))
    group = AlertGroup.objects.get()
    assert (group.state, group.attempts, group.due_at) == ("due", 0, later(minutes=1) + WAIT)


def test_a_worse_severity_joins_the_group_again(grouped):
    alert = opened()
    flush(later(seconds=10))
    change_severity(alert, "critical", "worsened")
    route(later(seconds=20))
    assert states(alert) == [("warning", "done"), ("critical", "held")]


def test_the_number_of_queries_does_not_grow_with_the_group(grouped):
    def cost(size: int) -> int:
        alerts = [opened() for _ in range(size)]
        flush(later(seconds=10))
        for alert in alerts[: size // 2]:
            end(alert)
        for _ in range(size):
            make_decision(make_alert())
        rows = claim(DecisionOutbox())
        with CaptureQueriesContext(connection) as queries:
            route_transitions(rows, now=later(seconds=20))
        flush(later(hours=1))
        return len(queries)

    cost(2)
    assert cost(2) == cost(30)


def test_a_page_is_one_escalation_for_an_episode_and_a_team():
    team = Team.objects.create(name="payments")
    rule = make_rule("page", "")
    RuleAction.objects.create(rule=rule, kind="page", team=team)
    alert = opened()
    change_severity(alert, "critical", "worsened")
    make_decision(alert, "woken", "")
    decisions = route()
    [escalation] = Escalation.objects.all()
    assert (escalation.alert, escalation.team, escalation.rule) == (alert, team, rule)
    assert (escalation.state, escalation.due_at, escalation.created_at) == ("due", NOW, NOW)
    assert {decision.outcome for decision in decisions} == {"notified"}


def test_who_was_paged_hears_of_the_end():
    alert = make_alert()
    pager = make_channel("pager")
    Notification.objects.create(
        alert=alert,
        transition=make_decision(alert).transition,
        channel=pager,
        about="page 0.0",
        created_at=NOW,
        due_at=NOW,
    )
    route()
    end(alert)
    route()
    assert told(alert) == [("pager", "page 0.0"), ("pager", "resolved")]


def test_rules_are_counted_by_day():
    channel = make_channel()
    tells, quiet = make_rule("tells", "", channel), make_rule("quiet", "")
    make_rule("never", '{service="x"}')
    for _ in range(3):
        make_decision(make_alert())
    route()
    opened()
    hits = {hit.rule_id: (hit.matched, hit.told) for hit in RuleHit.objects.all()}
    assert hits == {tells.pk: (4, 4), quiet.pk: (4, 0)}


def test_the_storm_makes_one_group_and_every_alert_is_in_it(grouped):
    for _ in range(200):
        make_decision(make_alert())
    route()
    assert AlertGroup.objects.count() == 1
    assert Notification.objects.filter(state="held", group=AlertGroup.objects.get()).count() == 200
    assert flush(later(seconds=10)) == 1
    assert not Notification.objects.filter(state="held", lead=None).exists()
    assert finish(AlertGroup.objects.get(), later(seconds=10)) is False
