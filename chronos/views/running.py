"""Pages of what is running: the matrix, the history of a cell, what differs."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from chronos.settle import Place
from chronos.state import (
    Deployed,
    Difference,
    diff_environments,
    diff_moments,
    history,
    known_environments,
    services_running,
)
from chronos.state_query import StateQuery, read_moment, read_state_query, read_word
from chronos.views.matrix import draw_lines
from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import EARLIEST, LATEST, format_instant, utc_now

SERVICES, HISTORY, MOST_DIFFERENCES = 100, 50, 1000
AGES = (("", "Now"), ("1h", "1 h ago"), ("24h", "1 day ago"), ("7d", "7 days ago"))
_SHOWN = ("q", "environment", "region", "at")
Params = dict[str, list[str]]


@portal_page
@require_safe
def show_running(request: HttpRequest) -> HttpResponse:
    """Services by environments."""
    now, params = utc_now(), _params(request)
    errors: tuple[FieldError, ...] = ()
    query, lines, after = StateQuery(), [], ""
    environments = known_environments()
    try:
        query = read_state_query(params, now=now)
        shown = [name for name in environments if name in (query.environment or environments)]
        page, rows, after = services_running(query, SERVICES, read_word(params, "after"))
        lines = draw_lines(page, rows, shown, now=query.at or now)
    except PayloadError as error:
        errors, shown = error.errors, environments
    context = {
        "title": "What is running",
        "lines": lines,
        "shown": shown,
        "environments": environments,
        "query": query,
        "params": _kept(params, *_SHOWN),
        "at": _last(params, "at"),
        "after": after,
        "ages": AGES,
        "moment": query.at,
        "narrowed": any(params.get(name) for name in ("q", "region", "environment")),
        "errors": errors,
    }
    status = 400 if errors else 200
    return render_page(request, "chronos/running.html", context, status=status)


@portal_page
@require_safe
def show_history(request: HttpRequest) -> HttpResponse:
    """What ran in one place, newest first."""
    params = _params(request)
    errors: tuple[FieldError, ...] = ()
    rows: list[Deployed] = []
    more, place = "", Place("", "", "")
    try:
        place = Place(*(read_word(params, name) for name in Place._fields))
        rows, before = history(place, HISTORY, _read_before(params))
        if before is not None:
            more = urlencode(
                {**place._asdict(), "before": f"{format_instant(before[0])} {before[1]}"}
            )
    except PayloadError as error:
        errors = error.errors
    context = {
        "title": "What ran",
        "place": place,
        # Each with the end of its time: the deployment after it.
        "rows": list(zip(rows, [None, *(row.since for row in rows)], strict=False)),
        "first_page": not params.get("before"),
        "more": more,
        "errors": errors,
    }
    status = 400 if errors else 200
    return render_page(request, "chronos/running_history.html", context, status=status)


@portal_page
@require_safe
def show_diff(request: HttpRequest) -> HttpResponse:
    """What differs between two environments, or two moments of one."""
    now, params = utc_now(), _params(request)
    errors: tuple[FieldError, ...] = ()
    found: list[Difference] | None = None
    sides: tuple[Any, Any] = ("", "")
    try:
        query = read_state_query(params, now=now)
        left, right, since, until = (read_word(params, name) for name in ("a", "b", "from", "to"))
        if left and right:
            sides, found = (left, right), diff_environments(left, right, query)
        elif since:
            sides, found = _moments(query, since, until, now)
    except PayloadError as error:
        errors = error.errors
    context = {
        "title": "What differs",
        "environments": known_environments(),
        "sides": sides,
        "found": found[:MOST_DIFFERENCES] if found is not None else None,
        "count": len(found or ()),
        "given": {
            name: _last(params, name) for name in ("a", "b", "from", "to", "environment", "q")
        },
        "between_moments": bool(_last(params, "from")),
        "errors": errors,
    }
    status = 400 if errors else 200
    return render_page(request, "chronos/running_diff.html", context, status=status)


def _moments(
    query: StateQuery, since: str, until: str, now: datetime
) -> tuple[tuple[datetime, datetime], list[Difference]]:
    begin = read_moment(since, "from", now=now) or now
    end = read_moment(until, "to", now=now)
    if begin > (end or now):
        raise PayloadError("from: is after to", [FieldError("from", "is after the other moment")])
    return (begin, end or now), diff_moments(query, begin, end)


def _params(request: HttpRequest) -> Params:
    """Without blanks."""
    given = {name: [text.strip() for text in texts] for name, texts in request.GET.lists()}
    return {name: kept for name, texts in given.items() if (kept := [t for t in texts if t])}


def _kept(params: Params, *names: str) -> Params:
    return {name: params[name] for name in names if name in params}


def _last(params: Params, name: str) -> str:
    return params.get(name, [""])[-1]


def _read_before(params: Params) -> tuple[datetime, int] | None:
    instant, _, event_id = _last(params, "before").partition(" ")
    if not instant:
        return None
    try:
        moment = datetime.fromisoformat(instant)
        readable = bool(moment.tzinfo) and EARLIEST <= moment <= LATEST
    except ValueError:
        readable = False
    if not (readable and event_id.isascii() and event_id.isdigit() and len(event_id) < 19):
        message = "take it from the page before"
        raise PayloadError(message, [FieldError("before", message)])
    return moment, int(event_id)
