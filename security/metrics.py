"""What /metrics says about collecting."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Min, Sum
from prometheus_client.core import GaugeMetricFamily, Metric

from opsportal.lib.times import utc_now
from security.models import Collection
from security.watch import watched_scopes


class CollectionMetrics:
    """How scopes are doing, and what asking for them cost of late."""

    slug = "security.collections"

    def collect(self) -> Iterator[Metric]:
        """Two queries, whatever is watched."""
        now = utc_now()
        scopes = GaugeMetricFamily(
            "opsportal_security_scopes",
            "Scopes (account, region, technology) that are collected, by their last outcome.",
            labels=["outcome"],
        )
        oldest = None
        rows = watched_scopes().order_by().values_list("outcome")
        for outcome, count, complete_at in rows.annotate(Count("pk"), Min("complete_at")):
            scopes.add_metric([outcome or "waiting"], count)
            if complete_at is not None:
                oldest = min(oldest or complete_at, complete_at)
        yield scopes
        age = GaugeMetricFamily(
            "opsportal_security_oldest_complete_seconds",
            "Age of the oldest among the last complete listings of each scope.",
        )
        if oldest is not None:
            age.add_metric([], max((now - oldest).total_seconds(), 0))
        yield age
        recent = Collection.objects.filter(finished_at__gte=now - timedelta(hours=1))
        figures = recent.aggregate(
            Count("pk"), Sum("http_calls"), Sum("throttles"), Sum("duration_ms")
        )
        for name, key, words in (
            ("collections", "pk__count", "Collections that ended"),
            ("http_calls", "http_calls__sum", "Calls of AWS's API by collections"),
            ("throttles", "throttles__sum", "Answers that said to ask slower"),
            ("collecting_milliseconds", "duration_ms__sum", "Time that collections took together"),
        ):
            family = GaugeMetricFamily(
                f"opsportal_security_{name}_last_hour", f"{words}, in the last hour."
            )
            family.add_metric([], figures[key] or 0)
            yield family
