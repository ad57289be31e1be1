"""What /metrics says about certificates."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Min, Q
from prometheus_client.core import GaugeMetricFamily, Metric

from certs.models import Certificate, Endpoint, Finding, Source
from opsportal.lib.times import utc_now

# Days until the end; counted are those in use that end sooner.
_WITHIN = (0, 1, 7, 14, 30, 90)


class CertificateMetrics:
    """How many there are and how soon they end; how looking for them goes."""

    slug = "certs"

    def collect(self) -> Iterator[Metric]:
        """Five queries, whatever there is."""
        now = utc_now()
        yield from self._certificates()
        ending = GaugeMetricFamily(
            "opsportal_certs_ending",
            "Certificates in use (served or stored) that end within so many days; 0: ended.",
            labels=["within_days"],
        )
        in_use = Certificate.objects.exclude(use=Certificate.Use.KNOWN).filter(retired_at=None)
        counts = in_use.filter(not_after__lt=now + timedelta(days=_WITHIN[-1])).aggregate(
            **{
                f"d{days}": Count("pk", filter=Q(not_after__lt=now + timedelta(days=days)))
                for days in _WITHIN
            }
        )
        for days in _WITHIN:
            ending.add_metric([str(days)], counts[f"d{days}"])
        yield ending
        findings = GaugeMetricFamily(
            "opsportal_certs_findings", "Open findings.", labels=["kind", "severity"]
        )
        rows = Finding.objects.filter(closed_at=None).order_by().values_list("kind", "severity")
        for kind, severity, count in rows.annotate(Count("pk")):
            findings.add_metric([kind, severity or "none"], count)
        yield findings
        yield from self._endpoints()
        yield from self._sources()

    def _certificates(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "opsportal_certs_certificates", "Certificates that are known.", labels=["use"]
        )
        for use, count in Certificate.objects.order_by().values_list("use").annotate(Count("pk")):
            family.add_metric([use], count)
        yield family

    def _endpoints(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "opsportal_certs_endpoints",
            "Endpoints that are looked at, by what came of it last.",
            labels=["result"],
        )
        watched = Endpoint.objects.filter(enabled=True).order_by().values_list("result")
        oldest = None
        for result, count, probed_at in watched.annotate(Count("pk"), Min("probed_at")):
            family.add_metric([result or "waiting"], count)
            if probed_at is not None:
                oldest = min(oldest or probed_at, probed_at)
        yield family
        age = GaugeMetricFamily(
            "opsportal_certs_oldest_probe_seconds",
            "Time since the endpoint was looked at that was looked at longest ago.",
        )
        if oldest is not None:
            age.add_metric([], max((utc_now() - oldest).total_seconds(), 0))
        yield age

    def _sources(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "opsportal_certs_sources", "Sources, by how their last run ended.", labels=["outcome"]
        )
        rows = Source.objects.filter(enabled=True).order_by().values_list("outcome")
        for outcome, count in rows.annotate(Count("pk")):
            family.add_metric([outcome or "waiting"], count)
        yield family
