"""DORA's figures as a page."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from chronos.dora import GROUPS, DoraReport, Figures, measure_dora, read_dora_query
from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import format_duration, utc_now

_WEEKS = ("4", "8", "13", "26", "52")
_UNKNOWN = "\N{EN DASH}"
_WORDS = {
    "failed": "did not succeed",
    "blamed": "found to be an alert's cause",
    "rolled_back": "rolled back",
    "hotfixed": "mended by a hotfix",
}


@portal_page
@require_safe
def show_dora(request: HttpRequest) -> HttpResponse:
    """The five figures, by week and by service, environment or team."""
    params = {name: [text for text in texts if text] for name, texts in request.GET.lists()}
    errors: tuple[FieldError, ...] = ()
    report: DoraReport | None = None
    try:
        report = measure_dora(read_dora_query(params, now=utc_now()))
    except PayloadError as error:
        errors = error.errors
    context: dict[str, Any] = {
        "title": "Delivery (DORA)",
        "report": report,
        "errors": errors,
        "given": {name: ", ".join(texts) for name, texts in params.items()},
        "weeks_choices": _WEEKS,
        "groups_choices": GROUPS,
        "tables": [],
    }
    if report is not None:
        by = report.query.by
        context |= {
            "tiles": _tiles(report.total),
            "reasons": [(_WORDS[name], n) for name, n in report.total.reasons.most_common()],
            "tables": [
                (
                    "By week",
                    "Week of",
                    [(f"{day}", _cells(one)) for day, one in report.weeks][::-1],
                ),
                (f"By {by}", by.capitalize(), [(name, _cells(one)) for name, one in report.groups]),
            ],
        }
    status = 400 if errors else 200
    return render_page(request, "chronos/dora.html", context, status=status)


def _tiles(total: Figures) -> list[tuple[str, str, str]]:
    """Name, figure, what it is of."""
    known = f"commits known of {total.with_commits:,} of {total.deployments:,} deployments"
    return [
        (
            "deployment frequency",
            _per_day(total),
            f"{total.deployments:,} in {total.days:.0f} days",
        ),
        ("change lead time", _span(total.lead_time), known),
        (
            "change fail rate",
            _share(total.fail_rate),
            f"{total.failed:,} of {total.attempts:,} deployments",
        ),
        (
            "failed deployment recovery",
            _span(total.recovery_time),
            f"median of {total.recovered:,} of {total.failed:,} failures",
        ),
        (
            "rework rate",
            _share(total.rework_rate),
            f"rollbacks: {total.rollbacks:,}, hotfixes: {total.hotfixes:,}",
        ),
    ]


def _cells(one: Figures) -> list[tuple[str, str]]:
    """Figure, and of how many, in the order of the table's columns."""
    return [
        (f"{one.deployments:,}", ""),
        (_per_day(one), ""),
        (_span(one.lead_time), f"{one.with_commits:,} of {one.deployments:,} known"),
        (_share(one.fail_rate), f"{one.failed:,} of {one.attempts:,}" if one.attempts else ""),
        (_span(one.recovery_time), f"{one.recovered:,} of {one.failed:,}" if one.failed else ""),
        (_share(one.rework_rate), f"{one.rework:,}" if one.rework else ""),
    ]


def _per_day(one: Figures) -> str:
    if not one.per_day:
        return "0" if one.per_day is not None else _UNKNOWN
    if one.per_day >= 1:
        return f"{one.per_day:.1f} a day"
    return f"{one.per_day * 7:.1f} a week"


def _span(length: timedelta | None) -> str:
    return _UNKNOWN if length is None else format_duration(length)


def _share(part: float | None) -> str:
    return _UNKNOWN if part is None else f"{100 * part:.0f} %"
