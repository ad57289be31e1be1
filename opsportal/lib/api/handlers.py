"""Errors outside any view: pages for people, the error shape where machines call."""

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from opsportal.lib.api.errors import error_body
from opsportal.lib.errors import is_unavailable
from opsportal.lib.requests import answer_unavailable, is_for_machines


def _json(request: HttpRequest, status: int, message: str) -> HttpResponse | None:
    if not is_for_machines(request):
        return None
    return JsonResponse(error_body(status, message), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    answer = _json(request, 400, "The request cannot be understood.")
    return answer or defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    answer = _json(request, 403, "This is not allowed.")
    return answer or defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    # Without the path, which may hold a key.
    answer = _json(request, 404, "Nothing answers here. Is there a slash too many in the address?")
    return answer or defaults.page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """500, or 503 when middleware has lost the database (of views lib/requests takes care)."""
    error = sys.exc_info()[1]
    if error is not None and is_unavailable(error):
        return answer_unavailable(request, error)
    answer = _json(request, 500, "The portal failed; the log has the reason under X-Request-ID.")
    return answer or defaults.server_error(request)
