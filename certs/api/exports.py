"""Certificates as files, streamed page by page."""

import csv
import io
import threading
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from certs.api.certificates import PARAMETERS, query_of
from certs.api.plain import CertificateSerializer, certificates_as_json
from certs.search import CertificateQuery, each_page
from opsportal.accounts.permissions import scoped
from opsportal.lib.errors import UnavailableError
from opsportal.lib.spreadsheets import harmless_cell

COLUMNS = (*CertificateSerializer.Meta.fields, "names")
_PAGE, _PIECE = 200, 50
# Each keeps a thread of the server for as long as its reader takes.
_MOST_AT_ONCE = 2
_running = threading.BoundedSemaphore(_MOST_AT_ONCE)
_FILES = {(200, kind): OpenApiTypes.STR for kind in ("text/csv", "application/jsonl")}
Row = Mapping[str, Any]


class CertificateExport(APIView):
    """All that fit, as a file."""

    permission_classes = [scoped("certs:read")]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """The address says what it is."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(summary="Export certificates", parameters=PARAMETERS, responses=_FILES)
    def get(self, request: Request, form: str) -> HttpResponseBase:
        """Export what fits, with its names, as CSV or JSON Lines."""
        query = query_of(request)
        if not _running.acquire(blocking=False):
            raise UnavailableError(f"{_MOST_AT_ONCE} exports are running here; come again later.")
        pieces = _until_released((_write_csv if form == "csv" else _write_lines)(_rows(query)))
        # The first page is read at once, so that its errors are told.
        next(pieces)
        kind = "text/csv" if form == "csv" else "application/jsonl"
        return StreamingHttpResponse(
            pieces,
            content_type=f"{kind}; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="certificates.{form}"'},
        )


def _until_released(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The lines in pieces, after an empty one; however it ends, the next export may begin."""
    try:
        first = b"".join(islice(lines, _PIECE))
        yield b""
        yield first
        while piece := b"".join(islice(lines, _PIECE)):
            yield piece
    finally:
        _running.release()


def _rows(query: CertificateQuery) -> Iterator[Row]:
    for page in each_page(query, _PAGE):
        yield from certificates_as_json(page)


def _write_csv(rows: Iterable[Row]) -> Iterator[bytes]:
    """RFC 4180 with a head; names with blanks between them."""
    yield _line(COLUMNS)
    for row in rows:
        yield _line([_cell(row[name]) for name in COLUMNS])


def _write_lines(rows: Iterable[Row]) -> Iterator[bytes]:
    """JSON Lines."""
    for row in rows:
        yield msgspec.json.encode(row) + b"\n"


def _line(cells: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: Any) -> object:
    if value is None:
        return ""
    return harmless_cell(" ".join(value) if isinstance(value, list) else value)
