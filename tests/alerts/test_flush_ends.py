"""The end of a group: one message, however the ends of its members trickle in."""

from datetime import datetime

import pytest

from alerts.flush import flush_groups
from alerts.models import AlertGroup
from alerts.tasks import AlertGroupOutbox
from tests.alerts.delivering import hook_channel, run
from tests.alerts.makers import (
    NOW,
    claim,
    end,
    hold_in,
    later,
    make_alert,
    make_decision,
    make_group,
)

pytestmark = pytest.mark.django_db


def flush(now: datetime = NOW) -> None:
    flush_groups(claim(AlertGroupOutbox(), now), now=now)


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
