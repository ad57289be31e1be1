"""Two routers at once: neither waits for the other crosswise; what the database ends is redone."""

import threading

import pytest
from django.db import OperationalError, connection

from alerts import route as routing
from alerts.models import AlertGroup, Decision, Notification
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from tests.alerts.makers import NOW, claim, make_alert, make_channel, make_decision, make_rule

SERVICES = [f"service-{number}" for number in range(60)]


class DeadlockError(Exception):
    sqlstate = "40P01"


def grouped_decisions(services) -> list[Decision]:
    return [make_decision(make_alert(service=service)) for service in services]


@pytest.fixture
def grouped(transactional_db):
    make_rule("grouped", "", make_channel(), group_by=["service"])


def test_what_a_deadlock_undid_is_routed_again(grouped, monkeypatch):
    grouped_decisions(SERVICES[:2])
    write, failures = routing.write_batch, [1]

    def fail_once(held, batch):
        write(held, batch)
        if failures:
            failures.pop()
            raise OperationalError("deadlock detected") from DeadlockError()

    monkeypatch.setattr(routing, "write_batch", fail_once)
    rows = claim(DecisionOutbox())
    route_transitions(rows, now=NOW)
    assert {row.state for row in rows} == {"done"}
    assert Notification.objects.filter(state="held").count() == AlertGroup.objects.count() == 2


@pytest.mark.django_db
def test_groups_are_opened_in_the_order_of_their_keys():
    make_rule("grouped", "", make_channel(), group_by=["service"])
    grouped_decisions(SERVICES)
    route_transitions(claim(DecisionOutbox()), now=NOW)
    keys = list(AlertGroup.objects.order_by("pk").values_list("key", flat=True))
    assert keys == sorted(keys)


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="one router at a time on SQLite")
def test_two_routers_open_the_same_groups_in_any_order(grouped, monkeypatch):
    grouped_decisions(SERVICES)
    first = claim(DecisionOutbox())
    grouped_decisions(reversed(SERVICES))
    second = claim(DecisionOutbox())
    begin, failures = threading.Barrier(2), []
    join = routing.join_groups

    def join_together(batch):
        begin.wait(10)
        join(batch)

    monkeypatch.setattr(routing, "join_groups", join_together)
    monkeypatch.setattr(routing, "start_over", lambda work: work())

    def run(rows):
        try:
            route_transitions(rows, now=NOW)
        except OperationalError as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[rows]) for rows in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert AlertGroup.objects.count() == len(SERVICES)
    assert Notification.objects.filter(state="held").count() == 2 * len(SERVICES)
