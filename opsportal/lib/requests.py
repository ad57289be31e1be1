"""What every request passes: its id, its log line, a calm answer when the database is away."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import TypeVar

import structlog
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from opsportal.lib.api.errors import error_response
from opsportal.lib.errors import UnavailableError, is_unavailable

Response = TypeVar("Response", bound=HttpResponse)
GetResponse = Callable[[HttpRequest], HttpResponse]
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MACHINES = (
    "/api/", "/alertmanager/", "/alerta/", "/grafana/", "/hooks/", "/opsgenie/", "/pagerduty/",
    "/v2/", "/readyz", "/metrics",
)  # fmt: skip
# What stands in the path of a link that may be used by whoever has it: its token, or a key.
# A key also of a door that was written wrong, with a slash too many for instance.
_TOKEN = re.compile(
    r"(?<=^/a/)[^/]+|(?<=^/hooks/)([^/]+/).+|ops_[a-z0-9]{12}_[\w-]{43}|\b[a-z0-9]{32}\b"
)
log = logging.getLogger(__name__)
access_log = logging.getLogger("opsportal.access")

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">{refresh}<title>{title}</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto }}</style>
</head>
<body>
<h1>{title}</h1><p>{text}</p></body></html>
"""


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


class AccessLogMiddleware:
    """One line a request, without query and body; only with OPSPORTAL_ACCESS_LOG."""

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.ACCESS_LOG:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request and say what came of it."""
        start = time.perf_counter()
        response = self.get_response(request)
        facts = {
            "method": request.method,
            "path": _path(request),
            "status": response.status_code,
            "ms": round((time.perf_counter() - start) * 1000, 1),
            "who": _who(request),
        }
        access_log.info("request", extra=facts)
        return response


def _path(request: HttpRequest) -> str:
    """Without what opens something by itself."""
    return _TOKEN.sub(lambda found: f"{found[1] or ''}...", request.path)


def _who(request: HttpRequest) -> str:
    """The key's prefix or the user's name, as far as it is known without asking the database."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return "_".join(key.split("_", 2)[:2])[:20] if key.startswith("ops_") else "unknown key"
    user = getattr(request, "_cached_user", None)
    return str(user) if user is not None else ""


def is_for_machines(request: HttpRequest) -> bool:
    """Whether its path is where machines are answered, in JSON."""
    return f"/{request.path.lstrip('/')}".startswith(_MACHINES)


def wants_page(request: HttpRequest) -> bool:
    """A browser asked for a page, rather than a machine for data."""
    accepts_html = "text/html" in request.headers.get("Accept", "")
    return accepts_html and not is_for_machines(request)


def answer_unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """503 that tells senders and browsers to come again."""
    log.error("answered 503: %s: %s", type(error).__name__, str(error).strip())
    unavailable = UnavailableError.because_of(error)
    if not wants_page(request):
        return logged(error_response(unavailable))
    page = _PAGE.format(
        title="Back in a moment",
        text=f"{unavailable.message} This page tries again.",
        refresh=f'<meta http-equiv="refresh" content="{unavailable.headers["Retry-After"]}">',
    )
    return logged(HttpResponse(page, status=503, headers=unavailable.headers))


def logged(response: Response) -> Response:
    """The response, which Django shall not log as an error: what there is to say was said."""
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


class UnavailableMiddleware:
    """503 with Retry-After when a view loses the database; lib/api/handlers does so elsewhere."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a lost database into an answer that tells senders to come again."""
        return answer_unavailable(request, error) if is_unavailable(error) else None
