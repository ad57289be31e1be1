"""Reading alerts: lists, counts, histories, and what they have in common."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count
from rest_framework.request import Request
from rest_framework.response import Response

from alerts.alerta.browse import History, read_history, shown
from alerts.alerta.search import Documents, search_documents
from alerts.api.alerta.base import (
    AlertaView,
    answer_list,
    answer_ok,
    page_of,
    params_of,
    truth_of,
)
from alerts.formats.alerta.write import iso, write_alert, write_event
from opsportal.lib.times import utc_now

# Documents whose services or tags are counted, the latest; and rows of such a list.
MOST_COUNTED, MOST_LISTED = 10_000, 1000


class AlertList(AlertaView):
    """`GET /alerts`."""

    def get(self, request: Request) -> Response:
        """Those asked for, with counts of them all."""
        params = params_of(request)
        now = utc_now()
        params.setdefault("to-date", [iso(now)])
        rows = search_documents(params)
        severities, statuses = _counts(rows)
        page = page_of(request, severities.total())
        history = truth_of(request, "show-history")
        raw = truth_of(request, "show-raw-data")
        documents = shown(rows, page.slice, history=history, raw=raw)
        last = max((document.last_received_at for document in documents), default=now)
        return answer_list(
            "alerts",
            [write_alert(document, raw=raw, history=history) for document in documents],
            **page.written(),
            severityCounts=severities,
            statusCounts=statuses,
            lastTime=iso(last),
            autoRefresh=True,
        )


class AlertCount(AlertaView):
    """`GET /alerts/count`."""

    def get(self, request: Request) -> Response:
        """By severity and by status."""
        severities, statuses = _counts(search_documents(params_of(request)))
        return answer_ok(
            total=severities.total(),
            severityCounts=severities,
            statusCounts=statuses,
            autoRefresh=True,
        )


class AlertHistory(AlertaView):
    """`GET /alerts/history`."""

    def get(self, request: Request) -> Response:
        """What changed, the latest first."""
        page = page_of(request)
        found: History = read_history(search_documents(params_of(request)), page.slice)
        return answer_list("history", [write_event(document, row) for document, row in found])


class EnvironmentList(AlertaView):
    """`GET /environments`."""

    def get(self, request: Request) -> Response:
        """With counts."""
        rows = search_documents(params_of(request))
        found = _tables(
            ((("environment", environment),), severity, status, count)
            for environment, severity, status, count in _counted(rows, "environment")
        )
        return answer_list("environments", found)


class ServiceList(AlertaView):
    """`GET /services`."""

    def get(self, request: Request) -> Response:
        """With counts, by environment."""
        latest = _latest(request, "environment", "severity", "standing", "service")
        found = _tables(
            ((("environment", environment), ("service", service)), severity, status, 1)
            for environment, severity, status, services in latest
            for service in services
        )
        return answer_list("services", found)


class GroupList(AlertaView):
    """`GET /alerts/groups`."""

    def get(self, request: Request) -> Response:
        """With counts, by environment."""
        rows = search_documents(params_of(request)).order_by("environment", "group")
        counted = rows.values("environment", "group").annotate(count=Count("pk"))
        return answer_list("groups", list(counted[:MOST_LISTED]))


class TagList(AlertaView):
    """`GET /alerts/tags`."""

    def get(self, request: Request) -> Response:
        """With counts, by environment."""
        counts = Counter(
            (environment, tag)
            for environment, tags in _latest(request, "environment", "tags")
            for tag in tags
        )
        found = [
            {"environment": environment, "tag": tag, "count": count}
            for (environment, tag), count in counts.most_common(MOST_LISTED)
        ]
        return answer_list("tags", found)


def _counts(rows: Documents) -> tuple[Counter[str], Counter[str]]:
    severities: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for severity, status, count in _counted(rows):
        severities[severity] += count
        statuses[status] += count
    return severities, statuses


def _counted(rows: Any, *columns: str) -> Iterable[Any]:
    """Those columns, severity, status and how many there are of each."""
    named = (*columns, "severity", "standing")
    counted: Iterable[Any] = rows.order_by().values_list(*named).annotate(n=Count("pk"))
    return counted


def _latest(request: Request, *columns: str) -> Iterable[tuple[Any, ...]]:
    rows = search_documents(params_of(request))
    return rows.order_by("-last_received_at").values_list(*columns)[:MOST_COUNTED]


def _tables(counted: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Of (names and values, severity, status, count): a row for each value, with its counts."""
    found: dict[Any, tuple[Counter[str], Counter[str]]] = {}
    for named, severity, status, count in counted:
        severities, statuses = found.setdefault(named, (Counter(), Counter()))
        severities[severity] += count
        statuses[status] += count
    return [
        {
            **dict(named),
            "severityCounts": severities,
            "statusCounts": statuses,
            "count": severities.total(),
        }
        for named, (severities, statuses) in sorted(found.items())[:MOST_LISTED]
    ]
