"""What Alerta's endpoints have in common: keys, bodies, pages, the shape of an error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.alerta.hold import Operator
from alerts.formats.alerta.body import Json, read_object
from alerts.formats.alerta.write import write_error
from opsportal.accounts.actors import actor_of
from opsportal.accounts.authentication import QueryKeyAuthentication
from opsportal.accounts.models import ApiKey
from opsportal.accounts.permissions import ScopedByMethod
from opsportal.lib.api import handle_error
from opsportal.lib.api.parsers import JSONParser
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now

DEFAULT_PAGE, MOST_PER_PAGE = 50, 1000


class ObjectParser(JSONParser):
    """A JSON object within bounds."""

    def decode(self, body: bytes) -> Any:
        """The object. Raises PayloadError."""
        return read_object(body)


class AlertaView(ScopedByMethod, APIView):
    """For keys only: reading takes one scope, writing another."""

    schema = None
    authentication_classes = [QueryKeyAuthentication]
    parser_classes = [ObjectParser]
    read_scope, write_scope = "alerts:read", "alerts:respond"

    def get_exception_handler(self) -> Callable[..., Response | None]:
        """Errors in Alerta's shape."""
        return answer_error


class OpenView(AlertaView):
    """For everybody."""

    authentication_classes = []

    def get_permissions(self) -> list[BasePermission]:
        """None."""
        return []


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, by number, as Alerta has them."""

    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        """How many there are."""
        return (self.total - 1) // self.size + 1

    @property
    def slice(self) -> slice:
        """Of the rows."""
        return slice((self.number - 1) * self.size, self.number * self.size)

    def written(self) -> dict[str, Any]:
        """In an answer."""
        return {
            "page": self.number,
            "pageSize": self.size,
            "pages": self.pages,
            "more": self.number < self.pages,
            "total": self.total,
        }


def page_of(request: Request, total: int = 0) -> Page:
    """The page asked for. Raises PayloadError where there is no such page."""
    size = _number(request, "page-size", _number(request, "limit", 0)) or DEFAULT_PAGE
    page = Page(_number(request, "page", 1), max(1, min(size, MOST_PER_PAGE)), total)
    if page.number < 1 or (total and page.number > page.pages):
        error = PayloadError(f"page out of range: 1-{page.pages}")
        error.status = 416
        raise error
    return page


def body_of(request: Request) -> Json:
    """The object that was sent; empty where nothing was."""
    return request.data if isinstance(request.data, dict) else {}


def key_of(request: Request) -> ApiKey:
    """The key, in a view that lets nobody else in."""
    key: Any = request.auth
    return cast("ApiKey", key)


def params_of(request: Request) -> dict[str, list[str]]:
    """Every query parameter with its values."""
    return dict(request.query_params.lists())


def truth_of(request: Request, name: str) -> bool:
    """Whether a query parameter says yes."""
    said = request.query_params.get(name, "").lower()
    return said in {"true", "t", "1", "yes", "y", "on"}


def operator_of(request: Request) -> Operator:
    """Who asks for it."""
    return Operator(actor_of(request), utc_now(), team_of(request))


def team_of(request: Request) -> int | None:
    """The key's team."""
    return request.auth.team_id if isinstance(request.auth, ApiKey) else None


def answer_ok(status: int = 200, **fields: Any) -> Response:
    """All is well."""
    return Response({"status": "ok", **fields}, status=status)


def answer_list(name: str, rows: list[Any], **fields: Any) -> Response:
    """A list, which Alerta remarks upon when it is empty."""
    remark = {} if rows else {"message": "not found"}
    return answer_ok(**{name: rows, "total": len(rows), **fields, **remark})


def answer_error(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The REST framework's exception handler."""
    response = handle_error(error, context)
    if response is None:
        return None
    details = [found["message"] for found in response.data["errors"]]
    number = context["request"].META.get("OPSPORTAL_REQUEST_ID")
    response.data = write_error(
        response.status_code, response.data["message"], details or None, number
    )
    return response


def _number(request: Request, name: str, default: int) -> int:
    """What is no number counts as not said, as in Alerta."""
    text = request.query_params.get(name, "")
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 10 else default
