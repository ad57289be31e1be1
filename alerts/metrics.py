"""What /metrics says about alerts."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Max, Sum
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from alerts.escalate import late_escalations
from alerts.models import Alert, ChannelState, Escalation, SenderCount, Transition
from opsportal.lib.outbox import UNFINISHED
from opsportal.lib.times import utc_now


class AlertMetrics:
    """Open alerts by severity and status, and how much is going on."""

    slug = "alerts"

    def collect(self) -> Iterator[Metric]:
        """Each is counted on an index of its own."""
        open_alerts = GaugeMetricFamily(
            "opsportal_alerts_open", "Open alerts.", labels=["severity", "status"]
        )
        rows = Alert.objects.filter(resolved_at=None).order_by()
        for severity, status, count in rows.values_list("severity", "status").annotate(Count("pk")):
            open_alerts.add_metric([severity, status], count)
        yield open_alerts
        opened = GaugeMetricFamily("opsportal_alerts_opened_last_hour", "Episodes opened.")
        hour_ago = utc_now() - timedelta(hours=1)
        opened.add_metric([], Alert.objects.filter(received_at__gte=hour_ago).count())
        yield opened
        broken = GaugeMetricFamily(
            "opsportal_channel_breaker_open",
            "Channels that are left alone after failures in a row.",
            labels=["channel"],
        )
        waiting = ChannelState.objects.exclude(opened_at=None).order_by("channel__name")
        for name in waiting.values_list("channel__name", flat=True):
            broken.add_metric([name], 1)
        yield broken
        failing = GaugeMetricFamily(
            "opsportal_received_failed_last_hour",
            "Requests at the doors of alerts that failed, by format.",
            labels=["format"],
        )
        counts = SenderCount.objects.filter(slot__gte=hour_ago).order_by("format")
        for slug, total in counts.values_list("format").annotate(Sum("failures")):
            failing.add_metric([slug], total)
        yield failing
        # Ids only grow, also when old rows are pruned: cheap, and monotonic as counters must be.
        newest = Transition.objects.aggregate(newest=Max("pk"))["newest"]
        yield CounterMetricFamily(
            "opsportal_alert_transitions", "Changes of episodes.", value=newest or 0
        )


class EscalationMetrics:
    """Walks under way, and those that are late."""

    slug = "escalations"

    def collect(self) -> Iterator[Metric]:
        """Both on partial indexes."""
        under_way = GaugeMetricFamily(
            "opsportal_escalations_open", "Escalations under way.", labels=["progress"]
        )
        rows = Escalation.objects.filter(UNFINISHED).order_by()
        for progress, count in rows.values_list("progress").annotate(Count("pk")):
            under_way.add_metric([progress], count)
        yield under_way
        late = GaugeMetricFamily(
            "opsportal_escalations_late", "Escalations whose step is more than a minute late."
        )
        late.add_metric([], late_escalations(utc_now()).count())
        yield late
