"""Many pages at once: walks are shared by groups, and by whatever is too much for a team."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, connections
from django.test.utils import CaptureQueriesContext

from alerts.act import acknowledge_alert, act_on_alerts, resolve_alert, unacknowledge_alert
from alerts.escalate import restart_escalations, watch_escalations
from alerts.models import Alert, Decision, Escalation, Notification, RuleAction, Transition
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from opsportal.accounts.models import Team
from tests.accounts.people import make_team
from tests.alerts.makers import JO, NOW, claim, later, make_rule
from tests.alerts.paging import MINUTE, make_policy, pages, person, story, walk

pytestmark = pytest.mark.django_db
ZERO = timedelta(0)


@pytest.fixture
def team() -> Team:
    """jo at once, sam five minutes later."""
    found = make_team("payments")
    make_policy(found, (ZERO, person("jo", found)), (5 * MINUTE, person("sam", found)))
    return found


@pytest.fixture
def grouped(team):
    return paging_rule(team, group_by=["service"])


@pytest.fixture
def alone(team):
    return paging_rule(team)


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


def test_the_alerts_of_a_group_share_one_walk_that_tells_of_the_first(grouped):
    first, second = fire("a", "b")
    [third] = fire("c", now=later(seconds=30))
    [other] = fire("d", service="search")
    assert [row(alert).leader for alert in (second, third)] == [row(first)] * 2
    assert row(first).leader is row(other).leader is None
    assert standing(first, second) == [("due", "walking"), ("held", "following")]
    assert walk(later(seconds=30)) == 2
    assert (pages(first), pages(second)) == ([("jo", "0.0")], [])
    assert story(second) == [f"Paged with alert {first.pk}, of the same group."]
    assert Transition.objects.get(alert=second, kind="paged").after == f"with alert {first.pk}"
    decision = Decision.objects.get(transition__alert=second)
    assert (decision.outcome, decision.reasons[-1]) == (
        "notified",
        {"note": f"Paged with alert {first.pk}, of the same group."},
    )


def test_five_thousand_alerts_of_one_group_are_a_handful_of_pages(grouped):
    for start in range(0, 5000, 500):
        now = later(seconds=start / 500)
        fire(*(f"k{number}" for number in range(start, start + 500)), now=now)
        walk(now)
    for minute in range(1, 30):
        walk(later(minutes=minute))
    assert Escalation.objects.count() == 5000
    assert Escalation.objects.filter(leader=None).count() == 1
    assert page_count() == 2
    assert not Escalation.objects.exclude(state="done", progress="untaken").exists()


def test_five_thousand_alerts_without_a_group_are_braked(alone, settings):
    settings.PAGES_PER_MINUTE = 20
    for start in range(0, 5000, 500):
        fire(*(f"k{number}" for number in range(start, start + 500)), now=NOW)
    leaders = Escalation.objects.filter(leader=None)
    assert (leaders.count(), Escalation.objects.count()) == (20, 5000)
    while walk():
        pass
    assert page_count() == 20
    latest = leaders.order_by("-pk").first()
    joined = Escalation.objects.order_by("-pk").first()
    assert joined.leader == latest
    assert story(joined.alert) == [
        f"Paged with alert {latest.alert_id}: joined because the team is paged too often."
    ]
    # What comes when the team is not paged that often walks by itself.
    [calm] = fire("later", now=later(seconds=61))
    assert row(calm).leader is None


def test_groups_are_braked_as_well(team, settings):
    settings.PAGES_PER_MINUTE = 2
    paging_rule(team, group_by=["resource"])
    alerts = [fire(f"k{n}", resource=f"h{n // 2}")[0] for n in range(8)]
    leaders = [row(alert).leader and row(alert).leader.alert for alert in alerts]
    assert leaders == [None, alerts[0], None, *[alerts[2]] * 5]


def test_an_acknowledged_leader_leaves_its_group_at_rest_and_new_alerts_walk(grouped):
    first, second = fire("a", "b")
    walk()
    acknowledge_alert(first.pk, actor=JO, now=later(minutes=1))
    assert row(first).progress == "acknowledged"
    # Before the walker has seen it.
    [third] = fire("c", now=later(minutes=1))
    assert row(third).leader is None
    walk(later(minutes=1))
    assert standing(first, second) == [("held", "acknowledged"), ("held", "group_taken")]
    watch_escalations(now=later(minutes=2))
    assert standing(first, second) == [("held", "acknowledged"), ("held", "group_taken")]
    walk(later(minutes=20))
    assert pages(third) == [("jo", "0.0"), ("sam", "0.1")]
    assert pages(second) == []


def test_a_leader_given_back_walks_for_its_group_again(grouped):
    first, second = fire("a", "b")
    walk()
    acknowledge_alert(first.pk, actor=JO, now=later(minutes=1))
    walk(later(minutes=1))
    unacknowledge_alert(first.pk, actor=JO, now=later(minutes=2))
    assert standing(first, second) == [("due", "walking"), ("held", "following")]
    walk(later(minutes=2))
    assert pages(first) == [("jo", "0.0"), ("jo", "1.0")]


def test_an_acknowledgement_of_a_leader_that_has_told_nobody_is_not_the_groups(grouped):
    first, second = fire("a", "b")
    acknowledge_alert(first.pk, actor=JO, now=NOW)
    walk()
    assert row(second).leader is None
    walk()
    assert pages(second) == [("jo", "0.0")]


@pytest.mark.parametrize("by", ["person", "sender"])
def test_a_leader_that_is_over_hands_its_walk_to_the_next_that_still_fires(grouped, by):
    first, second, third, fourth = fire("a", "b", "c", "d")
    walk()
    acknowledge_alert(second.pk, actor=JO, now=later(minutes=1))
    if by == "person":
        resolve_alert(first.pk, actor=JO, now=later(minutes=2))
        walk(later(minutes=2))
        assert row(third).due_at == later(minutes=5)
    else:
        resolve("a", now=later(minutes=2))
    walk(later(minutes=5))
    walk(later(minutes=5))
    assert (pages(first), pages(third)) == ([("jo", "0.0")], [("sam", "0.1")])
    assert standing(first, second, third, fourth) == [
        ("done", "resolved"), ("held", "acknowledged"), ("due", "walking"), ("held", "following"),
    ]  # fmt: skip
    assert row(fourth).leader == row(third)
    assert f"The walk of alert {first.pk}, which it was paged with, is over." in story(third)[1]
    walk(later(minutes=10))
    assert standing(third, fourth) == [("done", "untaken")] * 2


def test_a_new_alert_follows_the_walk_of_a_leader_that_is_just_over(grouped):
    first, second = fire("a", "b")
    walk()
    resolve("a", now=later(minutes=1))
    [third] = fire("c", now=later(minutes=2))
    assert row(third).leader == row(first)
    walk(later(minutes=5))
    assert row(third).leader == row(second)
    resolve("b", "c", now=later(minutes=6))
    [fourth] = fire("d", now=later(minutes=7))
    assert row(fourth).leader is None


def test_a_suppressed_leader_lets_another_walk_and_follows_it(grouped):
    first, second = fire("a", "b")
    Alert.objects.filter(pk=first.pk).update(suppressed="silence 1: works")
    walk()
    walk()
    assert pages(second) == [("jo", "0.0")]
    assert row(first).leader == row(second)
    assert standing(first, second) == [("held", "following"), ("due", "walking")]


def test_a_worsened_follower_walks_by_itself_at_once(grouped):
    first, second, third = fire("a", "b", "c")
    walk()
    fire("b", now=later(minutes=1), severity="critical")
    assert row(second).leader is None
    assert walk(later(minutes=1)) == 1
    assert pages(second) == [("jo", "1.0")]
    assert standing(first, third) == [("due", "walking"), ("held", "following")]


def test_alerts_of_a_group_that_get_worse_together_share_one_walk(grouped):
    alerts = fire(*"abcdef")
    walk()
    fire(*"cdef", now=later(minutes=1), severity="critical")
    assert [row(alert).leader for alert in alerts[2:]] == [None, *[row(alerts[2])] * 3]
    assert walk(later(minutes=1)) == 1
    watch_escalations(now=later(minutes=2))
    assert page_count() == 2


def test_whoever_got_worse_while_acknowledged_is_paged_anew_at_once(grouped):
    [alert] = fire("a")
    walk()
    acknowledge_alert(alert.pk, actor=JO, now=later(minutes=1))
    fire("a", now=later(minutes=2), severity="critical")
    walk(later(minutes=2))
    assert pages(alert) == [("jo", "0.0"), ("jo", "1.0")]
    assert (row(alert).state, row(alert).progress) == ("due", "walking")


def test_what_joined_for_the_brake_is_paged_once_the_team_has_taken_the_rest(alone, settings):
    settings.PAGES_PER_MINUTE = 1
    first, second, third = fire("a", "b", "c")
    walk()
    acknowledge_alert(first.pk, actor=JO, now=later(minutes=1))
    walk(later(minutes=1))
    walk(later(minutes=1))
    assert pages(second) == [("jo", "0.0")]
    assert row(third).leader == row(second)
    # Taken all together, nobody is paged of them.
    act_on_alerts("acknowledge", [second.pk, third.pk], actor=JO, now=later(minutes=2))
    while walk(later(minutes=2)):
        pass
    assert pages(third) == []
    assert standing(second, third) == [("held", "acknowledged")] * 2


def test_a_failed_leader_is_replaced_by_the_watch(grouped):
    first, second = fire("a", "b")
    walk()
    Escalation.objects.filter(alert=first).update(state="dead")
    watch_escalations(now=later(minutes=1))
    assert row(second).leader is None
    walk(later(minutes=5))
    assert pages(second) == [("sam", "0.1")]


def test_followers_of_a_leader_that_is_gone_walk_by_themselves(grouped):
    first, second = fire("a", "b")
    first.delete()
    watch_escalations(now=later(minutes=1))
    walk(later(minutes=1))
    assert pages(second) == [("jo", "1.0")]


def test_followers_whose_alert_is_over_end(grouped):
    _, second = fire("a", "b")
    resolve("b", now=later(minutes=1))
    watch_escalations(now=later(minutes=2))
    assert standing(second) == [("done", "resolved")]
    assert row(second).finished_at == later(minutes=1)


def test_a_leader_that_joins_another_brings_its_followers(grouped, settings):
    first, second = fire("a", "b")
    [other] = fire("c", service="search")
    settings.PAGES_PER_MINUTE = 1
    restart_escalations([first.pk], now=later(seconds=1))
    assert row(first).leader == row(second).leader == row(other)


def test_a_batch_costs_the_same_for_few_and_many(team, grouped, settings):
    settings.PAGES_PER_MINUTE = 5

    def cost(number: int, severity: str) -> int:
        events = [
            AlertEvent(name="n", dedup_key=f"k{n}", service=f"s{n % 50}", severity=severity)
            for n in range(number)
        ]
        receive_alerts(events, now=NOW)
        rows = claim(DecisionOutbox(), NOW, 500)
        with CaptureQueriesContext(connection) as queries:
            route_transitions(rows, now=NOW)
        return len(queries)

    few = cost(10, "low")
    assert cost(300, "low") <= few + 2
    worse = cost(10, "high")
    assert cost(300, "critical") <= worse + 2


def route_in_threads(number: int) -> None:
    """Routers that each have some of the group's alerts."""
    events = [AlertEvent(name="n", dedup_key=f"k{n}", service="billing") for n in range(40)]
    receive_alerts(events, now=NOW)
    batches = [claim(DecisionOutbox(), NOW, 10) for _ in range(number)]
    start = threading.Barrier(number)
    errors: list[DatabaseError] = []

    def work(rows) -> None:
        start.wait()
        try:
            route_transitions(rows, now=NOW)
        except DatabaseError as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(rows,)) for rows in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.django_db(transaction=True)
def test_routers_at_once_begin_one_walk_for_a_group(grouped):
    route_in_threads(4)
    assert Escalation.objects.filter(leader=None).count() == 1
    assert Escalation.objects.count() == 40
