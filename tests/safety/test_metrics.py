"""What /metrics says of the brakes."""

from opsportal.safety.metrics import SafetyMetrics
from opsportal.safety.models import Suspension
from opsportal.safety.plan import plan_operation
from opsportal.safety.stop import stop_everything
from tests.alerts.makers import NOW
from tests.safety.executors import JO, request_for


def values() -> dict[str, float]:
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for metric in SafetyMetrics().collect()
        for sample in metric.samples
    }


def test_the_switch_what_is_under_way_and_who_is_suspended(armed, data_dir):
    assert values() == {"opsportal_stopped": 0, "opsportal_suspensions": 0}
    Suspension.objects.create(requester="r", name="r", since=NOW, why="")
    plan_operation(request_for("a"), armed, actor=JO, now=NOW)
    assert values() == {
        "opsportal_stopped": 0,
        "opsportal_operations_open planned": 1,
        "opsportal_suspensions": 1,
    }
    stop_everything("", actor=JO, now=NOW)
    assert values() == {"opsportal_stopped": 1, "opsportal_suspensions": 1}
