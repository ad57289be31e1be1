"""The noise report as a page and as CSV."""

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from alerts.noise import NoiseReport, Talker
from alerts.noise.recall import recall_noise
from opsportal.accounts.models import Team
from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.spreadsheets import harmless_cell
from opsportal.lib.times import utc_now


@portal_page
@require_safe
def noise(request: HttpRequest) -> HttpResponse:
    """The report."""
    team = request.GET.get("team", "").strip()[:100]
    report = recall_noise(utc_now(), team)
    context = {
        "title": "Noise",
        "report": report,
        "team": team,
        "teams": list(Team.objects.values_list("name", flat=True)[:200]),
        "shares": _shares(report),
    }
    return render_page(request, "alerts/noise.html", context)


def _shares(report: NoiseReport) -> list[tuple[str, str, str]]:
    """The tiles: name, figure, what it is of."""
    total = report.total
    over, episodes = total.resolved, total.episodes
    return [
        ("nobody acted on", _share(total.ignored, over), f"{total.ignored:,} of {over:,} over"),
        (
            "without a person",
            _share(total.without_person, over),
            f"{total.remediated:,} remediated",
        ),
        ("held back", _share(total.held_back, episodes), f"{total.held_back:,} of {episodes:,}"),
        ("repeats", f"{total.repeats:,}", "told to nobody again"),
    ]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""


def _seconds(span: timedelta | None) -> str:
    return "" if span is None else str(round(span.total_seconds()))


def _talkers(rows: Sequence[Talker]) -> Iterable[Sequence[Any]]:
    yield ("name", "service", "episodes", "repeats", "notifications")
    for row in rows:
        yield (row.name, row.service, row.episodes, row.repeats, row.notifications)


def _weeks(report: NoiseReport) -> Iterable[Sequence[Any]]:
    yield (
        "week", "team", "episodes", "repeats", "held_back", "resolved", "nobody_acted",
        "without_person", "remediated", "mtta_seconds", "mttr_seconds",
    )  # fmt: skip
    for week in report.weeks:
        yield (
            week.start, week.team, week.episodes, week.repeats, week.held_back, week.resolved,
            week.ignored, week.without_person, week.remediated, _seconds(week.mtta),
            _seconds(week.mttr),
        )  # fmt: skip


def _flapping(report: NoiseReport) -> Iterable[Sequence[Any]]:
    yield ("dedup_key", "name", "episodes")
    for key in report.flapping:
        yield (key.dedup_key, key.name, key.episodes)


def _rules(report: NoiseReport) -> Iterable[Sequence[Any]]:
    yield ("rule", "team", "match", "last_matched")
    for rule in report.quiet_rules:
        yield (rule.name, rule.team, rule.match, rule.last_matched or "")


TABLES: dict[str, Callable[[NoiseReport], Iterable[Sequence[Any]]]] = {
    "weeks": _weeks,
    "episodes": lambda report: _talkers(report.by_episodes),
    "repeats": lambda report: _talkers(report.by_repeats),
    "notifications": lambda report: _talkers(report.by_notifications),
    "flapping": _flapping,
    "rules": _rules,
}


@portal_page
@require_safe
def noise_csv(request: HttpRequest, table: str) -> HttpResponse:
    """One table of it, for a spreadsheet."""
    rows = TABLES.get(table)
    if rows is None:
        raise Http404("no such table")
    report = recall_noise(utc_now(), request.GET.get("team", "").strip()[:100])
    name = f"noise-{table}-{report.now:%Y-%m-%d}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    csv.writer(response).writerows([harmless_cell(cell) for cell in row] for row in rows(report))
    return response
