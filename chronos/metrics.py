"""What /metrics says about the timeline."""

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.core import CounterMetricFamily, Metric

from chronos.models import Violation


class FreezeMetrics:
    """Changes that began during a freeze."""

    slug = "freezes"

    def collect(self) -> Iterator[Metric]:
        """By the freeze's name."""
        found = CounterMetricFamily(
            "opsportal_freeze_violations", "Changes that began during a freeze.", labels=["freeze"]
        )
        rows = Violation.objects.order_by().values_list("freeze_name")
        for name, count in rows.annotate(Count("pk")):
            found.add_metric([name], count)
        yield found
