"""Ingest through plain Django views: for the development server and the tests' client."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from alerts.intake import INTAKES, posted, store_submission, take_in
from opsportal.lib.registry import plugin
from opsportal.lib.times import utc_now


@csrf_exempt
@require_POST
def intake_view(request: HttpRequest) -> HttpResponse:
    """Take in what was posted, in the format of the path."""
    alert_format = plugin("ALERT_FORMATS", INTAKES[request.path])()
    given = posted(request.META, request.read)
    reply = take_in(alert_format, given, now=utc_now(), store=store_submission)
    return HttpResponse(
        reply.body, status=reply.status, content_type=reply.content_type, headers=reply.headers
    )


@require_GET
def ready(request: HttpRequest) -> HttpResponse:
    """Alertmanager's readiness probe: open to all and says nothing."""
    return HttpResponse("OK", content_type="text/plain")
