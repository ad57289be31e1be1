"""The end of a group: one message, however the ends of its members trickle in."""

from datetime import timedelta

import pytest

from alerts.models import AlertGroup
from tests.alerts.delivering import flush, hook_channel, run
from tests.alerts.makers import (
    NOW,
    end,
    hold_in,
    later,
    make_alert,
    make_decision,
    make_group,
)
from tests.alerts.receivers import Reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def ending(hooks):
    """A told group, both alerts of which are over, one of them not routed yet."""
    group = make_group(hook_channel(hooks))
    one, other = make_alert(), make_alert()
    hold_in(group, one)
    hold_in(group, other)
    flush()
    run()
    for alert in (one, other):
        end(alert)
    decision = make_decision(other, "resolved")
    hold_in(group, one, "resolved", created_at=later(minutes=1))
    AlertGroup.objects.update(due_at=later(minutes=1))
    return group, other, decision


def test_an_end_waits_for_those_that_are_still_being_routed(hooks, ending):
    group, other, decision = ending
    flush(later(minutes=1))
    group.refresh_from_db()
    assert (group.state, group.due_at) == ("due", later(minutes=1, seconds=1))
    assert run(later(minutes=1)) == 0
    type(decision).objects.update(state="done")
    hold_in(group, other, "resolved", created_at=later(minutes=1))
    flush(later(minutes=1, seconds=1))
    run(later(minutes=1, seconds=1))
    assert [request.json["group"]["resolved"] for request in hooks.requests] == [0, 2]
    group.refresh_from_db()
    assert group.closed_at == later(minutes=1, seconds=1)


def test_an_end_does_not_wait_for_a_router_that_never_comes(hooks, ending):
    group, *_ = ending
    flush(later(minutes=1, seconds=10))
    run(later(minutes=1, seconds=10))
    assert [request.json["kind"] for request in hooks.requests][1:] == ["resolved"]
    group.refresh_from_db()
    assert group.closed_at is None


def test_a_group_of_which_nothing_is_left_closes_without_a_message(hooks):
    group = make_group(hook_channel(hooks))
    alert = make_alert()
    hold_in(group, alert)
    end(alert)
    flush()
    group.refresh_from_db()
    assert (group.state, group.told_at, group.closed_at) == ("done", None, NOW)
    assert run() == 0


def test_a_group_stays_open_while_an_end_is_still_to_be_routed(hooks):
    group = make_group(hook_channel(hooks))
    alert = make_alert()
    hold_in(group, alert)
    flush()
    run()
    end(alert)
    decision = make_decision(alert, "resolved")
    AlertGroup.objects.update(state="due")
    flush()
    group.refresh_from_db()
    assert (group.state, group.closed_at) == ("due", None)
    hold_in(group, alert, "resolved")
    type(decision).objects.update(state="done")
    flush(later(seconds=5))
    group.refresh_from_db()
    assert group.closed_at == later(seconds=5)


def test_the_end_of_a_group_comes_after_its_beginning_however_late_that_is(hooks):
    hooks.reply = lambda request: Reply(503)
    group = make_group(hook_channel(hooks))
    alert = make_alert()
    hold_in(group, alert)
    flush()
    run()
    end(alert)
    hold_in(group, alert, "resolved")
    now = later(seconds=1)
    for _ in range(20):
        flush(now)
        run(now)
        now += timedelta(seconds=10)
    hooks.reply = lambda request: Reply()
    for _ in range(200):
        flush(now)
        run(now)
        now += timedelta(seconds=10)
    kinds = [request.json["kind"] for request in hooks.requests]
    assert kinds[-1] == "resolved"
    assert set(kinds[:-1]) == {"opened"}
