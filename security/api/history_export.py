"""Exports of any size: written page by page, so that memory is that of a page."""

import csv
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from opsportal.accounts.permissions import scoped
from opsportal.lib.errors import UnavailableError
from opsportal.lib.spreadsheets import harmless_cell
from opsportal.lib.times import utc_now
from security.api import history_schema as schema
from security.api.history import params_of
from security.api.plain import resource_as_json, revision_as_json
from security.history import (
    InventoryQuery,
    changes_matching,
    inventory_matching,
    read_feed,
    read_inventory,
    with_revisions,
)

# Each keeps a thread of the server for as long as its reader takes.
_MOST_AT_ONCE = 2
_PAGE, _PIECE = 200, 50
_running = threading.BoundedSemaphore(_MOST_AT_ONCE)
_TYPES = {"csv": "text/csv", "jsonl": "application/jsonl"}
Row = dict[str, Any]
_RESOURCE_COLUMNS = (
    "id", "account", "account_name", "technology", "region", "resource_id", "arn", "name", "state",
    "score", "first_seen_at", "changed_at", "captured_at", "deleted_at", "revision_count",
    "revision", "tags", "config", "url",
)  # fmt: skip
_REVISION_COLUMNS = (
    "id", "captured_at", "account", "account_name", "technology", "region", "resource_id",
    "resource_name", "arn", "number", "kind", "change_class", "summary", "actor",
    "attribution", "score_change", "effective_at", "source", "review", "url",
)  # fmt: skip


class _Export(APIView):
    permission_classes = [scoped("security:read")]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """The address says what it is."""
        return super().perform_content_negotiation(request, force=True)


class ResourceExport(_Export):
    """The inventory as a file."""

    @extend_schema(
        summary="Export resources with their configurations",
        parameters=schema.INVENTORY,
        responses=schema.FILES,
    )
    def get(self, request: Request, form: str) -> HttpResponseBase:
        """Export what fits, as CSV or JSON Lines; with `at` as it was then."""
        query = read_inventory(params_of(request), now=utc_now())
        return _file("resources", form, _RESOURCE_COLUMNS, _resources(query))


class RevisionExport(_Export):
    """Changes as a file."""

    @extend_schema(
        summary="Export configuration changes", parameters=schema.FEED, responses=schema.FILES
    )
    def get(self, request: Request, form: str) -> HttpResponseBase:
        """Export what fits, newest first, as CSV or JSON Lines."""
        query = read_feed(params_of(request), now=utc_now())
        rows = _revisions(changes_matching(query))
        if form == "csv":
            rows = map(_flat, rows)
        return _file("revisions", form, _REVISION_COLUMNS, rows)


def _resources(query: InventoryQuery) -> Iterator[Row]:
    found = inventory_matching(query)
    if query.at is None:
        found = found.defer(None)
    last = 0
    while rows := list(found.filter(id__gt=last)[:_PAGE]):
        last = rows[-1].pk
        if query.at is None:
            yield from (resource_as_json(row, config=True) for row in rows)
        else:
            pairs = with_revisions(rows, configs=True)
            yield from (resource_as_json(*pair, config=True) for pair in pairs)


def _revisions(found: QuerySet[Any]) -> Iterator[Row]:
    place = Q()
    while rows := list(found.filter(place)[:_PAGE]):
        end = rows[-1]
        place = Q(captured_at__lte=end.captured_at) & (
            Q(captured_at__lt=end.captured_at) | Q(captured_at=end.captured_at, id__lt=end.pk)
        )
        yield from map(revision_as_json, rows)


def _flat(row: Row) -> Row:
    """A revision whose resource has columns of its own."""
    resource = row["resource"]
    return {
        **row, "resource_id": resource["resource_id"], "resource_name": resource["name"],
        "arn": resource["arn"],
    }  # fmt: skip


def _file(name: str, form: str, columns: Sequence[str], rows: Iterator[Row]) -> HttpResponseBase:
    """The answer; its first page is read at once, so that errors are told."""
    if not _running.acquire(blocking=False):
        raise UnavailableError(f"{_MOST_AT_ONCE} exports are running here; come again in a while.")
    write: Callable[[], Iterator[bytes]] = (
        (lambda: _csv(columns, rows)) if form == "csv" else (lambda: _lines(rows))
    )
    pieces = _until_released(write())
    next(pieces)
    return StreamingHttpResponse(
        pieces,
        content_type=f"{_TYPES[form]}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'},
    )


def _until_released(lines: Iterator[bytes]) -> Iterator[bytes]:
    try:
        first = b"".join(islice(lines, _PIECE))
        yield b""
        yield first
        while piece := b"".join(islice(lines, _PIECE)):
            yield piece
    finally:
        _running.release()


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        """The text."""
        return text


def _csv(columns: Sequence[str], rows: Iterator[Row]) -> Iterator[bytes]:
    line: Any = csv.writer(_Line())
    yield line.writerow(columns).encode()
    for row in rows:
        yield line.writerow([_cell(row[name]) for name in columns]).encode()


def _lines(rows: Iterator[Row]) -> Iterator[bytes]:
    for row in rows:
        yield msgspec.json.encode(row) + b"\n"


def _cell(value: Any) -> object:
    if value is None:
        return ""
    plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return harmless_cell(value if plain else msgspec.json.encode(value).decode())
