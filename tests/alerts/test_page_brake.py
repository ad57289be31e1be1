"""The brake on pages, and what a storm of them costs."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, connections
from django.test.utils import CaptureQueriesContext

from alerts.act import acknowledge_alert, act_on_alerts
from alerts.escalate import restart_escalations
from alerts.models import Escalation
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from opsportal.accounts.models import Team
from tests.alerts.makers import JO, NOW, claim, later
from tests.alerts.paging import pages, story, walk
from tests.alerts.storming import (
    duo_team,
    fire,
    page_count,
    paging_rule,
    row,
    standing,
)

pytestmark = pytest.mark.django_db
ZERO = timedelta(0)


@pytest.fixture
def team() -> Team:
    """jo at once, sam five minutes later."""
    return duo_team()


@pytest.fixture
def grouped(team):
    return paging_rule(team, group_by=["service"])


@pytest.fixture
def alone(team):
    return paging_rule(team)


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
