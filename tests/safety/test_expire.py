"""What nobody brought to an end holds nothing for ever."""

import pytest

from opsportal.safety.expire import expire_operations
from opsportal.safety.models import Operation
from opsportal.safety.plan import plan_operation
from tests.alerts.makers import NOW, later
from tests.safety.executors import JO, request_for


@pytest.fixture
def operation(armed):
    return plan_operation(request_for("a"), armed, actor=JO, now=NOW)


def at(operation, now, **change) -> Operation:
    Operation.objects.filter(pk=operation.pk).update(**change)
    expire_operations(now=now)
    return Operation.objects.get(pk=operation.pk)


def test_a_plan_expires_when_its_time_is_over(operation):
    assert at(operation, later(minutes=59)).state == "planned"
    expired = at(operation, later(minutes=60))
    assert expired.state == "expired"
    assert not expired.target_rows.filter(holds=True).exists()


def test_what_was_left_executing_needs_a_person(operation):
    left = {"state": "executing", "run": 1, "started_at": NOW}
    assert at(operation, later(minutes=90), **left).state == "executing"
    found = at(operation, later(hours=3))
    assert found.state == "unknown"
    assert found.run == 2, "whoever comes back calls nothing"
    assert found.target_rows.filter(holds=True).exists()


def test_what_is_never_scored_frees_its_targets(operation):
    found = at(operation, later(days=1), state="done", started_at=NOW)
    assert found.target_rows.filter(holds=True).exists()
    assert not at(operation, later(days=2)).target_rows.filter(holds=True).exists()
