"""Why who was told, or not: every decision about one alert on a page of its own."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from alerts.explain import explain_alert
from alerts.models import Alert
from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.times import utc_now


@portal_page
@require_safe
def show_explanation(request: HttpRequest, alert_id: int) -> HttpResponse:
    """The page."""
    alert = Alert.objects.select_related("team", "assignee").filter(pk=alert_id).first()
    if alert is None:
        raise Http404("no such alert")
    context = {
        "title": f"Alert {alert.pk} explained",
        "alert": alert,
        "explanation": explain_alert(alert, now=utc_now()),
    }
    return render_page(request, "alerts/explain.html", context)
