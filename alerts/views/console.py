"""The live list of alerts: what is looked for stands in the URL, so a view can be shared."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from alerts.facets import COUNTED, FACETS, count_facets
from alerts.search import AlertQuery, read_query, search_alerts
from alerts.views.facets import group_facets
from alerts.views.rows import Rows, list_page, number_of, people, takers, told_of
from alerts.views.saved import listed_views, plain_query, teams_to_save_for
from opsportal.accounts.pages import portal_page, render_live
from opsportal.accounts.permissions import can_respond
from opsportal.lib.errors import PayloadError
from opsportal.lib.matchers import MatcherError
from opsportal.lib.times import utc_now

SINGLE = ("q", "assignee", "since", "until", "order")
FILTERS = (*SINGLE, *FACETS)
TABS = (("", "Open"), ("resolved", "Resolved"), ("all", "All"))
AGES = (("1h", "1 hour"), ("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"))
Params = Mapping[str, Sequence[str]]


@portal_page
@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """The list."""
    now = utc_now()
    params = _params(request)
    first = {name: params.get(name, ("",))[0] for name in SINGLE}
    rows, groups, capped, complaint, errors = Rows(()), [], False, None, {}
    try:
        query = read_query({**params, "status": _statuses(params)}, now=now)
        worst = first["order"] != "newest" and _is_open(query)
        rows = list_page(
            search_alerts(query),
            after=number_of(request.GET.get("after", "")),
            before=number_of(request.GET.get("before", "")),
            worst=worst,
        )
        counts = count_facets(query)
        groups, capped = group_facets(counts, params), counts.capped
    except PayloadError as error:
        errors = {found.field: found.message for found in error.errors}
        complaint = _caret(first["q"], error) if {"match", "text"} & errors.keys() else None
        worst = False
    context = {
        "title": "Alerts",
        "params": params,
        "first": first,
        "rows": rows,
        "facets": groups,
        "capped": capped,
        "counted": COUNTED,
        "worst": worst,
        "told": told_of(rows.alerts),
        "takers": takers(rows.alerts),
        "errors": errors,
        "complaint": complaint,
        "now": now,
        "filtered": any(params.get(name) for name in FILTERS if name not in ("status", "order")),
        "calm": _statuses(params) == ["open"],
    }
    if request.headers.get("X-Part") != "live":
        context |= _around(request, params)
    return render_live(
        request,
        "alerts/console.html",
        "alerts/console_live.html",
        context,
        status=400 if errors else 200,
    )


def _params(request: HttpRequest) -> dict[str, list[str]]:
    """What is asked for, without blanks and without what the page does not know."""
    params = {
        name: list(dict.fromkeys(text.strip() for text in request.GET.getlist(name)))
        for name in FILTERS
    }
    params["severity"] = [part for text in params["severity"] for part in text.split(",")]
    return {name: kept for name, texts in params.items() if (kept := [t for t in texts if t])}


def _statuses(params: Params) -> list[str]:
    """Nothing said is "open", and "all" is nothing."""
    asked = list(params.get("status", ["open"]))
    return [] if "all" in asked else asked


def _is_open(query: AlertQuery) -> bool:
    """Whether only open alerts are listed: few enough to be put in order."""
    return bool(query.status) and "resolved" not in query.status


def _around(request: HttpRequest, params: Params) -> dict[str, Any]:
    """What stands around the list."""
    status = (params.get("status") or [""])[0]
    carried = [
        (name, value) for name in (*FACETS, "until", "order") for value in params.get(name, ())
    ]
    return {
        "tabs": [
            (v, label, v == (status if status in ("resolved", "all") else "")) for v, label in TABS
        ],
        "carried": carried,
        "ages": AGES,
        "people": people(),
        "views": listed_views(request),
        "view_teams": teams_to_save_for(request),
        "here": plain_query(request.META["QUERY_STRING"]),
        "may_act": can_respond(request.user, None),
        "next": request.get_full_path(),
    }


def _caret(text: str, error: PayloadError) -> dict[str, str]:
    """The search text with a mark under the column that is wrong."""
    cause = error.__cause__
    if not isinstance(cause, MatcherError):
        return {"message": error.message, "text": "", "caret": ""}
    return {"message": error.message, "text": text, "caret": " " * (cause.column - 1) + "^"}
