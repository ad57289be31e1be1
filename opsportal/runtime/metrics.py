"""`/metrics`: what the database says at the time of the scrape, in Prometheus's text format."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django_q.models import OrmQ
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from opsportal.accounts.credentials import bearer_key
from opsportal.accounts.keys import require_scope, resolve_key
from opsportal.lib.addresses import parse_networks, vouched_address
from opsportal.lib.api.errors import error_response
from opsportal.lib.errors import NotAuthenticatedError, OpsError
from opsportal.lib.outbox import UNFINISHED, all_outboxes, oldest_due
from opsportal.lib.registry import plugins
from opsportal.lib.times import utc_now
from opsportal.runtime.models import Process


class RuntimeMetrics:
    """Outboxes, processes and the queue of nudges."""

    slug = "runtime"

    def collect(self) -> Iterator[Metric]:
        """Each a query on a partial index or a small table."""
        now = utc_now()
        depth = GaugeMetricFamily("opsportal_outbox_rows", "Unfinished rows.", labels=["outbox"])
        dead = GaugeMetricFamily(
            "opsportal_outbox_dead_rows",
            "Rows given up; a person may replay them.",
            labels=["outbox"],
        )
        oldest = GaugeMetricFamily(
            "opsportal_outbox_oldest_due_seconds", "Age of the oldest due row.", labels=["outbox"]
        )
        for outbox in all_outboxes():
            rows = outbox.model._default_manager
            depth.add_metric([outbox.slug], rows.filter(UNFINISHED).count())
            dead.add_metric([outbox.slug], rows.filter(state="dead").count())
            oldest.add_metric([outbox.slug], oldest_due(outbox, now).total_seconds())
        beats = GaugeMetricFamily(
            "opsportal_process_heartbeat_age_seconds",
            "Since the last sign of life.",
            labels=["process"],
        )
        latest = Process.objects.order_by().values_list("name").annotate(Max("beat_at"))
        for name, beat_at in latest:
            beats.add_metric([name], max(0.0, (now - beat_at).total_seconds()))
        queue = GaugeMetricFamily("opsportal_queue_jobs", "Jobs queued for the workers.")
        queue.add_metric([], OrmQ.objects.count())
        yield from (depth, dead, oldest, beats, queue)


class _Registry:
    """All plug-ins of settings.METRICS as prometheus_client wants to see them."""

    def collect(self) -> Iterable[Metric]:
        for plugin in plugins("METRICS").values():
            yield from plugin().collect()


def metrics(request: HttpRequest) -> HttpResponse:
    """For scrapers on an allowed address, and for keys with the scope `metrics:read`."""
    try:
        _admit(request)
    except OpsError as error:
        return error_response(error)
    return HttpResponse(generate_latest(_Registry()), content_type=CONTENT_TYPE_LATEST)


def _admit(request: HttpRequest) -> None:
    if _is_near(request):
        return
    header = request.headers.get("Authorization", "")
    if not header:
        raise NotAuthenticatedError(
            "Send `Authorization: Bearer KEY` with the scope metrics:read, or scrape from an "
            "address in OPSPORTAL_METRICS_ALLOW."
        )
    require_scope(resolve_key(bearer_key(header), utc_now()), "metrics:read")


def _is_near(request: HttpRequest) -> bool:
    address = vouched_address(request)
    if address is None:
        return False
    allowed = parse_networks(tuple(settings.METRICS_ALLOW), "OPSPORTAL_METRICS_ALLOW")
    return any(ip_address(address) in network for network in allowed)
