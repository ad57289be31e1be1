"""New alerts faster than they are told: a handful of messages, and none is forgotten."""

import threading
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection

from alerts.models import Notification
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from tests.alerts.delivering import flush, hook_channel, run
from tests.alerts.makers import NOW, claim, later, make_rule

pytestmark = pytest.mark.django_db
_keys = count(1)


def _storm(number: int, now=NOW) -> None:
    """New alerts of the group, received and routed, all at once."""
    events = [
        AlertEvent(
            name="DiskFull", dedup_key=f"storm-{next(_keys)}", severity="high", service="billing"
        )
        for _ in range(number)
    ]
    receive_alerts(events, now=now)
    while rows := claim(DecisionOutbox(), now, 500):
        route_transitions(rows, now=now)


def _group_billing(hooks) -> None:
    """A rule that tells of a service in one message: after 10 s, then every five minutes."""
    make_rule(
        "billing", "", hook_channel(hooks), group_by=["service"],
        group_wait=timedelta(seconds=10), group_interval=timedelta(minutes=5),
    )  # fmt: skip


def test_five_thousand_new_alerts_in_ten_seconds_are_a_handful_of_messages(hooks):
    _group_billing(hooks)
    now = NOW
    for _ in range(10):
        _storm(500, now)
        now += timedelta(seconds=1)
        flush(now)
        run(now)
    for _ in range(20):
        now += timedelta(minutes=1)
        flush(now)
        run(now)
    assert 1 <= len(hooks.requests) <= 5
    last = hooks.requests[-1].json["group"]
    assert (last["total"], last["firing"], len(last["alerts"])) == (5000, 5000, 50)
    assert Notification.objects.exclude(state="done").count() == 0


@pytest.mark.django_db(transaction=True)
def test_members_that_the_router_adds_while_the_group_is_flushed_are_told_once(hooks):
    _group_billing(hooks)
    stop = threading.Event()
    errors: list[BaseException] = []

    def guarded(work) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    def add() -> None:
        for _ in range(15):
            _storm(4)
        stop.set()

    def tell() -> None:
        minutes = 0
        while not stop.is_set() or minutes < 5:
            minutes += 10
            flush(later(minutes=minutes))
            run(later(minutes=minutes))

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (add, tell)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for minutes in range(100_000, 100_100, 10):
        flush(later(minutes=minutes))
        run(later(minutes=minutes))
    assert errors == []
    assert Notification.objects.filter(state="done").count() == 60
    assert hooks.requests[-1].json["group"]["total"] == 60
