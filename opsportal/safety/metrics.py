"""What /metrics says about the brakes."""

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.core import GaugeMetricFamily, Metric

from opsportal.safety.models import CLOSED, Operation, Suspension
from opsportal.safety.stop import read_stop


class SafetyMetrics:
    """The kill switch, what is under way, and who is suspended."""

    slug = "safety"

    def collect(self) -> Iterator[Metric]:
        """Each is counted on an index of its own."""
        stopped = GaugeMetricFamily("opsportal_stopped", "1 while everything dangerous is stopped.")
        stopped.add_metric([], float(read_stop() is not None))
        yield stopped
        name, text = "opsportal_operations_open", "Operations that are not over, by state."
        under_way = GaugeMetricFamily(name, text, labels=["state"])
        rows = Operation.objects.exclude(state__in=CLOSED).order_by()
        for state, count in rows.values_list("state").annotate(Count("pk")):
            under_way.add_metric([state], count)
        yield under_way
        suspended = GaugeMetricFamily("opsportal_suspensions", "Rules that may not remediate.")
        suspended.add_metric([], Suspension.objects.filter(lifted_at=None).count())
        yield suspended
