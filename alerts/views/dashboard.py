"""What is wrong now, on one screen."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from alerts.overview import survey_alerts
from alerts.views.chart import draw_hours
from alerts.views.live import render_live
from opsportal.accounts.pages import portal_page
from opsportal.lib.times import utc_now


@portal_page
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The dashboard."""
    overview = survey_alerts(utc_now())
    context = {"title": "Dashboard", "overview": overview, "chart": draw_hours(overview.hours)}
    return render_live(request, "alerts/dashboard.html", "alerts/dashboard_live.html", context)
