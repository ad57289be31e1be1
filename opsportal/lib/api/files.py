"""Lists of any size as files: written page by page, so that memory is that of a page."""

import csv
import io
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any

import msgspec
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.views import APIView

from opsportal.lib.errors import UnavailableError
from opsportal.lib.spreadsheets import harmless_cell

# By the ending of the address.
TYPES: Mapping[str, str] = MappingProxyType({"csv": "text/csv", "jsonl": "application/jsonl"})
# What the schema says of the answer.
FILES = {(200, kind): OpenApiTypes.STR for kind in TYPES.values()}
# Each keeps a thread of the server for as long as its reader takes.
MOST_AT_ONCE = 2
# Rows that are sent at once.
_PIECE = 50
_running = threading.BoundedSemaphore(MOST_AT_ONCE)
Row = Mapping[str, Any]


class FileView(APIView):
    """Base of exports: `get` takes `form`, the ending of the address."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """The address says what it is."""
        return super().perform_content_negotiation(request, force=True)


def answer_file(
    name: str, form: str, columns: Sequence[str], rows: Iterable[Row]
) -> StreamingHttpResponse:
    """The rows as a file of that name. Raises what reading the first of them raises, and
    UnavailableError when as many as may are at it."""
    return StreamingHttpResponse(
        write_pieces(form, columns, rows),
        content_type=f"{TYPES[form]}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'},
    )


def write_pieces(form: str, columns: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """CSV (RFC 4180, with a head; what is no text or number as JSON) or JSON Lines, in pieces."""
    if not _running.acquire(blocking=False):
        raise UnavailableError(f"{MOST_AT_ONCE} exports are running here; come again in a while.")
    pieces = _until_released(_csv(columns, rows) if form == "csv" else _lines(rows))
    # The first are read at once, so that their errors are told.
    next(pieces)
    return pieces


def _until_released(lines: Iterator[bytes]) -> Iterator[bytes]:
    """In pieces, after an empty one; however it ends, another export may begin."""
    try:
        first = b"".join(islice(lines, _PIECE))
        yield b""
        yield first
        while piece := b"".join(islice(lines, _PIECE)):
            yield piece
    finally:
        _running.release()


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    yield _line(columns)
    for row in rows:
        yield _line([_cell(row[name]) for name in columns])


def _lines(rows: Iterable[Row]) -> Iterator[bytes]:
    for row in rows:
        yield msgspec.json.encode(row) + b"\n"


def _line(cells: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: Any) -> object:
    if value is None:
        return ""
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return harmless_cell(value if plain else msgspec.json.encode(value).decode())
