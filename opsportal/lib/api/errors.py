"""The one error shape: `{"code", "message", "errors": [{"field", "message"}]}`."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from django.core import exceptions as django_errors
from django.http import Http404, JsonResponse
from django.http.request import UnreadablePostError
from rest_framework import exceptions as drf_errors
from rest_framework import views
from rest_framework.response import Response

from opsportal.lib.errors import FieldError, OpsError, UnavailableError, is_unavailable

CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    500: "error",
    503: "unavailable",
}


def flatten(detail: Any, path: str = "") -> Iterator[FieldError]:
    """Nested complaints as a flat list; `field` is a dotted path, "" for the whole."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            below = path if name == "non_field_errors" else f"{path}.{name}".lstrip(".")
            yield from flatten(inner, below)
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list | tuple)
            yield from flatten(inner, f"{path}.{index}".lstrip(".") if nested else path)
    else:
        yield FieldError(path, str(detail))


def error_body(status: int, message: str, errors: list[FieldError] | None = None) -> dict[str, Any]:
    """The shape, for an HTTP status."""
    listed = [{"field": error.field, "message": error.message} for error in errors or []]
    return {"code": CODES.get(status, "error"), "message": message, "errors": listed}


def error_response(error: OpsError) -> JsonResponse:
    """The answer of a plain Django view."""
    return JsonResponse(error.as_json(), status=error.status, headers=error.headers)


def _invalid(errors: list[FieldError]) -> dict[str, Any]:
    first = errors[0] if errors else FieldError("", "The input is not valid.")
    message = f"{first.field}: {first.message}" if first.field else first.message
    return error_body(400, message, errors)


def _from_framework(error: drf_errors.APIException) -> Response:
    headers = {}
    challenge = getattr(error, "auth_header", None)
    wait = getattr(error, "wait", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    if wait:
        headers["Retry-After"] = str(ceil(wait))
    if isinstance(error, drf_errors.ValidationError):
        body = _invalid(list(flatten(error.detail)))
    else:
        body = error_body(error.status_code, " ".join(e.message for e in flatten(error.detail)))
    return Response(body, status=error.status_code, headers=headers)


def _from_django(error: Exception) -> dict[str, Any] | None:
    if isinstance(error, Http404 | django_errors.ObjectDoesNotExist):
        return error_body(404, "There is no such thing here.")
    if isinstance(error, django_errors.PermissionDenied):
        return error_body(403, str(error) or "This is not allowed.")
    if isinstance(error, django_errors.ValidationError):
        named = error.message_dict if hasattr(error, "error_dict") else error.messages
        return _invalid(list(flatten(named)))
    if isinstance(error, django_errors.RequestDataTooBig):
        return error_body(413, "The body is too large.")
    if isinstance(error, django_errors.BadRequest | django_errors.SuspiciousOperation):
        return error_body(400, "The request cannot be understood.")
    if isinstance(error, UnreadablePostError):
        return error_body(400, "The body was cut off.")
    return None


_STATUS_OF = {code: status for status, code in CODES.items()}


def handle_error(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The REST framework's exception handler; None leaves a programming error to be a 500."""
    if is_unavailable(error):
        error = UnavailableError.because_of(error)
    if isinstance(error, OpsError):
        response = Response(error.as_json(), status=error.status, headers=error.headers)
    elif isinstance(error, drf_errors.APIException):
        response = _from_framework(error)
    else:
        body = _from_django(error)
        if body is None:
            return None
        response = Response(body, status=_STATUS_OF[body["code"]])
    views.set_rollback()
    return response
