"""The base of the views: keys in all their ways, plain bodies, errors in the contract's shape.

A complaint about meaning is a JSON string; one about shape, and all others, a code and a message.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import HttpResponse
from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.formats.alertmanager import NO_STORE, ShapeError, refusal
from opsportal.accounts.authentication import ForeignKeyAuthentication
from opsportal.lib.api import handle_error
from opsportal.lib.api.parsers import JSONParser
from opsportal.lib.errors import OpsError


class AsItIs(JSONParser):
    """The bytes of a body within bounds, whatever they are said to be."""

    media_type = "*/*"

    def decode(self, body: bytes) -> Any:
        """All of it; the contract has words of its own for what is wrong."""
        return body


class AlertmanagerView(APIView):
    """Answers as Alertmanager does."""

    authentication_classes = [ForeignKeyAuthentication, SessionAuthentication]
    parser_classes = [AsItIs]
    http_method_names = ["get", "post", "delete"]
    # No part of the portal's own API.
    schema = None

    def get_exception_handler(self) -> Any:
        """This contract's."""
        return _answer_error

    def finalize_response(
        self, request: Request, response: HttpResponse, *args: Any, **kwargs: Any
    ) -> Response:
        """Nothing here may be kept."""
        answer = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        for name, value in NO_STORE.items():
            answer.headers[name] = value
        return answer


def answer_nothing(status: int = 200) -> HttpResponse:
    """An answer without a body."""
    return HttpResponse(status=status, content_type="application/json")


def answer_json(value: object, status: int = 200) -> HttpResponse:
    """An answer that costs no more than its text."""
    return HttpResponse(msgspec.json.encode(value), status=status, content_type="application/json")


def _answer_error(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    response = handle_error(error, context)
    if response is None:
        return None
    status, message = response.status_code, str(response.data["message"])
    if isinstance(error, OpsError) and status in (400, 404) and not isinstance(error, ShapeError):
        answer = answer_json(message, status)
    else:
        if isinstance(error, exceptions.MethodNotAllowed):
            allowed = ",".join(context["view"].allowed_methods)
            message = f"method {context['request'].method} is not allowed, but [{allowed}] are"
        answer = HttpResponse(refusal(_shaped(error, status, message)), status=status)
        answer.headers["Content-Type"] = "application/json"
    for name, value in response.headers.items():
        answer.headers.setdefault(name, value)
    return answer


def _shaped(error: Exception, status: int, message: str) -> ShapeError:
    return error if isinstance(error, ShapeError) else ShapeError(status, message)
