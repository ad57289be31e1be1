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
from chronos.models import ChangeEvent
from chronos.overlay import MOST_MARKS, Mark, Scope, marks_within
from chronos.search import LISTS, page_of_events, read_lists
from chronos.views.chart import draw_chart, draw_stripes, draw_ticks
from chronos.views.kinds import legend
from chronos.views.lanes import MOST_BARS, SUBJECTS, draw_lanes, lanes_by
from chronos.views.pages import Rows, list_page
from chronos.views.question import Question, read_page
from chronos.views.window import LATELY, USUAL, interval
from opsportal.accounts.pages import portal_page, render_live
from opsportal.lib.errors import FieldError, NotFoundError, PayloadError
from opsportal.lib.facets import FacetGroup, FacetLinks, by_count
from opsportal.lib.times import utc_now

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
    status = 200
    try:
        params = _params(request)
        single = {name: params.get(name, [""])[0] for name in _SINGLE}
        context["question"] = single["q"]
        question = read_page(params, now=now)
        carried = {name: values for name, values in params.items() if name in _CARRIED}
        context |= _shown(question, carried)
        context |= {
            "usual": _usual(question, single["since"]),
            "filtered": any(params.get(name) for name in LISTS),
        }
        context |= _listed(question, single, context["marks"], now)
    except (PayloadError, NotFoundError) as error:
        context |= {"errors": error.errors or (FieldError("", error.message),), "rows": Rows()}
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


def _shown(question: Question, params: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The bars, their legend, what overlays know, and the facets."""
    query, window = question.query, question.window
    histogram = count_by_time(query)
    marks = marks_within(window.since, window.until, Scope(query.service, query.environment))
    counts = count_facets(query)
    return {
        "params": params,
        "window": window,
        "others": [interval(other.since, other.until) for other in question.others],
        "asked": question.asked,
        "chart": draw_chart(histogram),
        "legend": legend(histogram.kinds, params.get("kind", ())),
        "marks": marks,
        "stripes": draw_stripes(marks, window.since, window.until),
        "most_marks": MOST_MARKS,
        "facets": _groups(counts.values, params, question),
        "capped": counts.capped,
        "counted": COUNTED,
    }


def _listed(
    question: Question, single: Mapping[str, str], marks: Sequence[Mark], now: datetime
) -> dict[str, Any]:
    """The changes themselves, as a list or in lanes."""
    subject = lanes_by(single)
    shown: dict[str, Any] = {"subject": subject, "subjects": SUBJECTS}
    if subject:
        events = _meant(question, page_of_events(question.query, MOST_BARS)[0])
        shown |= {
            "lanes": draw_lanes(events, marks, subject, question.window, now=now),
            "ticks": draw_ticks(question.window.since, question.window.until),
            "most_bars": MOST_BARS,
        }
    else:
        rows = list_page(question.query, single, question.limit or 0)
        events = _meant(question, rows.events)
        shown["rows"] = replace(rows, events=events)
    return shown if events else shown | {"asked": question.unanswered(now)}


def _meant(question: Question, events: Sequence[ChangeEvent]) -> Sequence[ChangeEvent]:
    """Of these, what the words concern: a freeze is not of every service."""
    concerns = question.concerns
    return [event for event in events if concerns(event)] if concerns else events


def _usual(question: Question, since: str) -> str:
    """Which of LATELY is shown; none where the words say when."""
    if not question.window.live:
        return ""
    return since or ("" if question.asked else USUAL)


def _groups(
    counts: Mapping[str, Mapping[str, int]],
    params: Mapping[str, Sequence[str]],
    question: Question,
) -> list[FacetGroup]:
    """The facets that have something to choose among.

    What the words ask for is marked too, and its link asks without it.
    """
    links = FacetLinks(PATH, params)
    groups = []
    for name in FACETS:
        said = question.said.get(name)
        chosen = params.get(name, ()) if said is None else getattr(question.query, name)
        values: dict[str, int | None] = {**dict.fromkeys(chosen, 0), **counts[name]}
        if not values:
            continue
        group = links.group(name, by_count(values, chosen), chosen)
        if said is not None:
            url = links.url({**params, "q": [said]})
            shown = [replace(one, url=url) if one.chosen else one for one in group.values]
            group = replace(group, values=shown, clear=url)
        groups.append(group)
    return groups
