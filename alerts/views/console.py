"""The live list of alerts: what is looked for stands in the URL, so a view can be shared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from alerts.models import Alert, Notification, Transition
from alerts.normalise import SEVERITIES
from alerts.search import read_query, search_alerts
from alerts.views.live import render_live
from opsportal.accounts.models import Team
from opsportal.accounts.pages import portal_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.errors import PayloadError
from opsportal.lib.matchers import MatcherError
from opsportal.lib.times import utc_now

PAGE = 100
FILTERS = (
    "q",
    "status",
    "severity",
    "service",
    "environment",
    "team",
    "assignee",
    "since",
    "until",
)
STATUSES = (
    ("open", "Open"), ("firing", "Not acknowledged"), ("acknowledged", "Acknowledged"),
    ("resolved", "Resolved"), ("all", "All"),
)  # fmt: skip
AGES = (("1h", "1 hour"), ("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"))


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of the list; `older` and `newer` are the ids to go on from."""

    alerts: Sequence[Alert]
    older: int | None = None
    newer: int | None = None


@portal_page
@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """The list."""
    now = utc_now()
    params = {name: request.GET.get(name, "").strip() for name in FILTERS}
    params["status"] = params["status"] or "open"
    rows, complaint, errors = Rows(()), None, {}
    try:
        query = read_query({**params, "status": params["status"].replace("all", "")}, now=now)
        rows = _page(search_alerts(query), request.GET)
    except PayloadError as error:
        errors = {found.field: found.message for found in error.errors}
        complaint = _caret(params["q"], error) if {"match", "text"} & errors.keys() else None
    context = {
        "title": "Alerts",
        "params": params,
        "rows": rows,
        "told": _told(rows.alerts),
        "takers": takers(rows.alerts),
        "errors": errors,
        "complaint": complaint,
        "now": now,
        "filtered": any(params[name] for name in FILTERS if name != "status"),
    }
    if request.headers.get("X-Part") != "live":
        context |= _around(request)
    status = 400 if errors else 200
    return render_live(
        request, "alerts/console.html", "alerts/console_live.html", context, status=status
    )


def _around(request: HttpRequest) -> dict[str, Any]:
    """What stands around the list."""
    return {
        "statuses": STATUSES,
        "severities": SEVERITIES,
        "ages": AGES,
        "teams": list(Team.objects.values_list("name", flat=True)[:200]),
        "people": people(),
        "may_act": can_respond(request.user, None),
        "next": request.get_full_path(),
    }


def people() -> list[tuple[int, str]]:
    """Whom an alert may be given to."""
    active = Alert._meta.get_field("assignee").related_model._default_manager.filter(is_active=True)
    return list(active.order_by("username").values_list("pk", "username")[:200])


def _page(found: QuerySet[Alert], params: Mapping[str, str]) -> Rows:
    """One page by id: no offsets, no counts."""
    listed = found.select_related("assignee", "team").defer("raw", "description", "annotations")
    after, before = number_of(params.get("after", "")), number_of(params.get("before", ""))
    if after is not None:
        alerts = list(listed.filter(pk__gt=after).order_by("id")[: PAGE + 1])
        more = len(alerts) > PAGE
        alerts = alerts[:PAGE][::-1]
        if not more and len(alerts) < PAGE:
            # The newest page is never a short one.
            alerts = list(listed[: PAGE + 1])
            return Rows(alerts[:PAGE], older=_last(alerts) if len(alerts) > PAGE else None)
        return Rows(alerts, older=alerts[-1].pk, newer=alerts[0].pk if more else None)
    if before is not None:
        listed = listed.filter(pk__lt=before)
    alerts = list(listed[: PAGE + 1])
    older = _last(alerts) if len(alerts) > PAGE else None
    newer = None
    if before is not None:
        newer = alerts[0].pk if alerts else before - 1
    return Rows(alerts[:PAGE], older=older, newer=newer)


def _last(alerts: Sequence[Alert]) -> int:
    return alerts[:PAGE][-1].pk


def number_of(text: str) -> int | None:
    """The id that a form or a URL names; None for what cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _told(alerts: Sequence[Alert]) -> dict[int, dict[str, int]]:
    """Alert id -> state of a notification -> how many."""
    told: dict[int, dict[str, int]] = {}
    counts = (
        Notification.objects.filter(alert__in=[alert.pk for alert in alerts])
        .order_by()
        .values_list("alert_id", "state")
        .annotate(count=Count("pk"))
    )
    for alert_id, state, count in counts:
        told.setdefault(alert_id, {})[state] = count
    return told


def takers(alerts: Sequence[Alert]) -> dict[int, str]:
    """Alert id -> who acknowledged it last."""
    taken = Transition.objects.filter(
        alert__in=[alert.pk for alert in alerts], kind=Transition.Kind.ACKNOWLEDGED
    )
    return dict(taken.order_by("id").values_list("alert_id", "actor"))


def _caret(text: str, error: PayloadError) -> dict[str, str]:
    """The search text with a mark under the column that is wrong."""
    cause = error.__cause__
    if not isinstance(cause, MatcherError):
        return {"message": error.message, "text": "", "caret": ""}
    return {"message": error.message, "text": text, "caret": " " * (cause.column - 1) + "^"}
