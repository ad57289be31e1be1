"""What is wrong now, on one screen."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from alerts.chart import Pair, draw_pairs
from alerts.overview import Hour, survey_alerts
from opsportal.accounts.pages import portal_page, render_live
from opsportal.lib.times import utc_now


@portal_page
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The dashboard."""
    overview = survey_alerts(utc_now())
    context = {
        "title": "Dashboard",
        "overview": overview,
        "chart": draw_pairs(_pairs(overview.hours)),
    }
    return render_live(request, "alerts/dashboard.html", "alerts/dashboard_live.html", context)


def _pairs(hours: Sequence[Hour]) -> list[Pair]:
    """Of each hour: received, and told."""
    return [
        Pair(
            hour.episodes,
            hour.told,
            f"{hour.start:%H}" if hour.start.hour % 3 == 0 else "",
            f"{hour.start:%H:%M} UTC: {hour.episodes} episodes, {hour.repeats} repeats, "
            f"{hour.told} told",
        )
        for hour in hours
    ]
