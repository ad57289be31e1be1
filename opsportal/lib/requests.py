"""Middleware every request passes: its id, and a calm answer when the database is away."""

import re
import uuid
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse

GetResponse = Callable[[HttpRequest], HttpResponse]
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(given: str) -> str:
    """The sender's id when it is harmless, a fresh one otherwise."""
    return given if _ID.fullmatch(given) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Binds `X-Request-ID` to the logs and answers with it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request under its id."""
        identifier = request_id(request.headers.get("X-Request-ID", ""))
        request.META["OPSPORTAL_REQUEST_ID"] = identifier
        with structlog.contextvars.bound_contextvars(request_id=identifier):
            response = self.get_response(request)
        response.headers["X-Request-ID"] = identifier
        return response


class UnavailableMiddleware:
    """503 with Retry-After instead of a 500 while the database cannot be reached."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a lost database into an answer that tells senders to come again."""
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        return JsonResponse(
            {"code": "unavailable", "message": "The database cannot be reached.", "errors": []},
            status=503,
            headers={"Retry-After": "5"},
        )
