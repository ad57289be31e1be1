"""Keyset pages: no COUNT, no OFFSET, and stable while rows arrive."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import EARLIEST, LATEST, format_instant

_BIGGEST = 2**63 - 1


def _refused(field: str, message: str) -> PayloadError:
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])


def _bounded(value: Any) -> Any:
    """The value, when a database can compare with it."""
    if isinstance(value, datetime):
        fits = value.tzinfo is not None and EARLIEST <= value <= LATEST
    elif isinstance(value, int):
        fits = -_BIGGEST <= value <= _BIGGEST
    else:
        fits = isinstance(value, str) and "\0" not in value
    if not fits:
        raise ValueError(value)
    return value


class KeysetPagination(BasePagination):
    """`?cursor=` and `?limit=`; the answer is `{"results": [...], "next": url or null}`.

    A view may name its `keyset`: columns that are never null, the last one unique, all in the
    same direction.
    """

    keyset: tuple[str, ...] = ("-id",)
    default_limit = 50
    largest_limit = 500
    _next: str | None = None

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: object = None
    ) -> list[Any]:
        """One page, and whether there is another: one row more than asked for is read."""
        if not isinstance(queryset, QuerySet):
            raise TypeError("only querysets have keyset pages")
        keyset: tuple[str, ...] = getattr(view, "keyset", self.keyset)
        limit = self._limit(request)
        cursor = request.query_params.get("cursor")
        if cursor:
            queryset = queryset.filter(self._after(queryset.model, keyset, cursor))
        rows = list(queryset.order_by(*keyset)[: limit + 1])
        self._next = None
        if len(rows) > limit:
            following = self._cursor(rows[limit - 1], keyset)
            url = request.build_absolute_uri()
            self._next = replace_query_param(url, "cursor", following)
        return rows[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        """The page as an answer."""
        return Response({"results": data, "next": self._next})

    def _limit(self, request: Request) -> int:
        text = request.query_params.get("limit", "")
        if not text:
            return self.default_limit
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise _refused("limit", f"is not a whole number: {text[:50]!r}")
        if not 1 <= int(text) <= self.largest_limit:
            raise _refused("limit", f"is not within 1 and {self.largest_limit}: {text}")
        return int(text)

    def _cursor(self, row: Any, keyset: tuple[str, ...]) -> str:
        values = [getattr(row, name.lstrip("-")) for name in keyset]
        plain = [format_instant(v) if isinstance(v, datetime) else v for v in values]
        return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")

    def _after(self, model: type[Model], keyset: tuple[str, ...], cursor: str) -> Q:
        """The rows behind the cursor: (a, b) < (x, y), in words that use an index on (a, b)."""
        names = [name.lstrip("-") for name in keyset]
        operator = "lt" if keyset[0].startswith("-") else "gt"
        values = self._place(model, names, cursor)
        condition = Q()
        for name, value in reversed(list(zip(names, values, strict=True))):
            beyond = Q(**{f"{name}__{operator}": value})
            if condition:
                beyond = Q(**{f"{name}__{operator}e": value}) & (beyond | condition)
            condition = beyond
        return condition

    def _place(self, model: type[Model], names: Sequence[str], cursor: str) -> list[Any]:
        """The values of the row that the page before ended with. Raises PayloadError."""
        try:
            parts = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", True))
            return [
                _bounded(model._meta.get_field(name).to_python(part))  # type: ignore[union-attr]
                for name, part in zip(names, parts, strict=True)
            ]
        except (ValueError, TypeError, binascii.Error, ValidationError, RecursionError):
            raise _refused("cursor", "take it from `next` of the page before") from None

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The page in the schema."""
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {"type": "string", "format": "uri", "nullable": True},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """`cursor` and `limit` in the schema."""
        limit = {
            "type": "integer",
            "minimum": 1,
            "maximum": self.largest_limit,
            "default": self.default_limit,
        }
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "From `next` of the page before.",
                "schema": {"type": "string"},
            },
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": "Rows a page.",
                "schema": limit,
            },
        ]
