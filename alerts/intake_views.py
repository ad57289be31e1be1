"""Ingest through plain Django views: for the development server and the tests' client."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from alerts.intake import Posted, find_door, take_in
from alerts.submit import store_submission
from opsportal.lib.contracts import Reply
from opsportal.lib.times import utc_now


@csrf_exempt
def intake_view(request: HttpRequest, **places: str) -> HttpResponse:
    """Take in what was posted, in the format of the path."""
    door = find_door(request.path)
    if door is None:
        raise Http404
    if request.method == "OPTIONS" and (greeting := door.format.greet(request.headers)):
        return _response(greeting)
    if request.method not in door.format.methods:
        if door.format.view:
            answer: HttpResponse = import_string(door.format.view)(request, **places)
            return answer
        return HttpResponseNotAllowed(door.format.methods)
    given = Posted(request.META, request.read)
    return _response(take_in(door, given, now=utc_now(), store=store_submission))


def _response(reply: Reply) -> HttpResponse:
    return HttpResponse(
        reply.body, status=reply.status, content_type=reply.content_type, headers=reply.headers
    )


@require_GET
def ready(request: HttpRequest) -> HttpResponse:
    """Alertmanager's readiness probe: open to all and says nothing."""
    return HttpResponse("OK", content_type="text/plain")
