"""Keyset pages of what is read by a function, not by a queryset."""

from base64 import b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from chronos.settle import Place
from opsportal.lib.api import KeysetPagination
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import EARLIEST, LATEST

Cursor = TypeVar("Cursor", bound=tuple[Any, ...])
_BIGGEST = 2**63 - 1


class ListPages(KeysetPagination, Generic[Cursor]):
    """`?cursor=` and `?limit=` of one request: where its page begins, and its answer."""

    cursor_type: ClassVar[Any]

    def __init__(self, request: Request) -> None:
        self._request = request
        self.limit = self._limit(request)
        text = request.query_params.get("cursor")
        self.after: Cursor | None = self._read(text) if text else None

    def answer(self, results: Any, after: Cursor | None) -> Response:
        """The page, and where the next one is."""
        if after is not None:
            url = self._request.build_absolute_uri()
            self._next = replace_query_param(url, "cursor", _write(after))
        return self.get_paginated_response(results)

    def _read(self, text: str) -> Cursor:
        padded = text + "=" * (-len(text) % 4)
        try:
            cursor: Cursor = msgspec.json.decode(
                b64decode(padded, b"-_", validate=True), type=self.cursor_type
            )
            if not all(map(_fits, cursor)):
                raise ValueError(text)
        except (ValueError, msgspec.DecodeError, RecursionError):
            message = "take it from `next` of the page before"
            raise PayloadError(f"cursor: {message}", [FieldError("cursor", message)]) from None
        return cursor


class StatePages(ListPages[Place]):
    """By service, environment and region."""

    cursor_type = Place


class HistoryPages(ListPages[tuple[datetime, int]]):
    """By end and id."""

    cursor_type = tuple[datetime, int]


PAGE_PARAMETERS = [
    OpenApiParameter("cursor", str, description="From `next` of the page before."),
    OpenApiParameter("limit", int, description="Rows a page, 50 unless given, at most 500."),
]


def _write(cursor: tuple[Any, ...]) -> str:
    return urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _fits(value: object) -> bool:
    if isinstance(value, datetime):
        return value.tzinfo is not None and EARLIEST <= value <= LATEST
    if isinstance(value, str):
        return "\0" not in value and len(value) <= 200
    return isinstance(value, int) and 0 <= value <= _BIGGEST
