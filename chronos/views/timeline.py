"""The timeline: what changed in an interval, as bars, as a list, or as lanes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from chronos.ask.ask import whole_second
from chronos.facets import COUNTED, FACETS, count_facets
from chronos.histogram import count_by_time
from chronos.overlay import MOST_MARKS, Scope, marks_within
from chronos.search import LISTS, EventQuery, page_of_events, read_lists
from chronos.views.chart import draw_chart, draw_stripes, draw_ticks
from chronos.views.kinds import legend
from chronos.views.lanes import MOST_BARS, SUBJECTS, draw_lanes, lanes_by
from chronos.views.pages import PAGE, Rows, list_page
from chronos.views.question import answer_page, read_asked, search_of
from chronos.views.window import LATELY, USUAL, Window, read_window
from opsportal.accounts.pages import portal_page, render_live
from opsportal.lib.errors import FieldError, NotFoundError, PayloadError
from opsportal.lib.facets import FacetGroup, FacetLinks, by_count
from opsportal.lib.times import format_instant, utc_now

PATH = "/changes/"
_SINGLE = ("q", "since", "until", "view", "by", "after", "before")
# Where in the list one is, is not carried on to another search.
_CARRIED = (*LISTS, *(name for name in _SINGLE if name not in ("after", "before")))
_LONGEST, _MOST_VALUES = 2000, 50


@portal_page
@require_safe
def timeline(request: HttpRequest) -> HttpResponse:
    """The page."""
    now = whole_second(utc_now())
    context: dict[str, Any] = {"title": "Changes", "lately": LATELY, "now": now}
    try:
        params = _params(request)
        single = {name: params.get(name, [""])[0] for name in _SINGLE}
        carried = {name: values for name, values in params.items() if name in _CARRIED}
        asked = read_asked(single["q"], now=now) if single["q"] else None
        search = search_of(asked.reading, now=now) if asked else EventQuery()
        if search is None:
            return answer_page(request, single["q"], now=now)
        window = read_window(_ends(single, search, now), now=now)
        query = _query(params, search, window)
        subject = lanes_by(single)
        context |= {
            "question": single["q"],
            "asked": asked,
            "params": carried,
            "window": window,
            "usual": single["since"] or ("" if asked else USUAL) if window.live else "",
            "subject": subject,
            "subjects": SUBJECTS,
            "page": PAGE,
            "filtered": any(params.get(name) for name in LISTS),
        }
        context |= _shown(query, carried, window)
        if subject:
            context["lanes"] = draw_lanes(
                page_of_events(query, MOST_BARS)[0], context["marks"], subject, window, now=now
            )
            context["ticks"] = draw_ticks(window.since, window.until)
            context["most_bars"] = MOST_BARS
        else:
            context["rows"] = list_page(query, single)
        status = 200
    except (PayloadError, NotFoundError) as error:
        context |= {"errors": error.errors or (FieldError("", error.message),), "rows": Rows()}
        context["question"] = request.GET.get("q", "")[:_LONGEST].replace("\0", "")
        status = error.status
    return render_live(
        request, "chronos/timeline.html", "chronos/timeline_live.html", context, status=status
    )


def _params(request: HttpRequest) -> dict[str, list[str]]:
    """What is asked for, without blanks and without what the page does not know."""
    params = {}
    for name in (*LISTS, *_SINGLE):
        texts = [text.strip() for text in request.GET.getlist(name)]
        kept = list(dict.fromkeys(text for text in texts if text))
        if any(len(text) > _LONGEST or "\0" in text for text in kept) or len(kept) > _MOST_VALUES:
            message = f"must be at most {_LONGEST} characters without NUL, {_MOST_VALUES} times"
            raise PayloadError(f"{name} {message}", [FieldError(name, message)])
        if kept:
            params[name] = kept
    return {**params, **{name: list(values) for name, values in read_lists(params).items()}}


def _ends(single: Mapping[str, str], search: EventQuery, now: datetime) -> Mapping[str, str]:
    """The interval of the URL, else the question's; what ends now moves on."""
    if single["since"] or single["until"] or search.since is None or search.until is None:
        return single
    ends = {"since": format_instant(search.since), "until": format_instant(search.until)}
    return {"since": ends["since"]} if search.until == now else ends


def _query(params: Mapping[str, Sequence[str]], search: EventQuery, window: Window) -> EventQuery:
    """What the question asks for; the lists of the URL go before."""
    lists: dict[str, Any] = {name: tuple(params[name]) for name in LISTS if name in params}
    return replace(search, **lists, since=window.since, until=window.until)


def _shown(
    query: EventQuery, params: Mapping[str, Sequence[str]], window: Window
) -> dict[str, Any]:
    """The bars, their legend, what overlays know, and the facets."""
    histogram = count_by_time(query)
    scope = Scope(query.service, query.environment)
    marks = marks_within(window.since, window.until, scope)
    counts = count_facets(query)
    return {
        "chart": draw_chart(histogram),
        "legend": legend(histogram.kinds, query.kind),
        "marks": marks,
        "stripes": draw_stripes(marks, window.since, window.until),
        "most_marks": MOST_MARKS,
        "facets": _groups(counts.values, params),
        "capped": counts.capped,
        "counted": COUNTED,
    }


def _groups(
    counts: Mapping[str, Mapping[str, int]], params: Mapping[str, Sequence[str]]
) -> list[FacetGroup]:
    """The facets that have something to choose among."""
    links = FacetLinks(PATH, params)
    groups = []
    for name in FACETS:
        chosen = params.get(name, ())
        values: dict[str, int | None] = {**dict.fromkeys(chosen, 0), **counts[name]}
        if values:
            groups.append(links.group(name, by_count(values, chosen), chosen))
    return groups
