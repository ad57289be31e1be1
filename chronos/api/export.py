"""Exports of any size: written page by page, so that memory is that of a page."""

import csv
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

import msgspec

from chronos.api.serializers import event_as_json
from chronos.models import ChangeEvent
from chronos.search import EventQuery, each_event
from opsportal.lib.errors import UnavailableError
from opsportal.lib.spreadsheets import harmless_cell

# Each keeps a thread of the server for as long as its reader takes.
MOST_AT_ONCE = 2
# Changes that are read at once, and sent at once.
PAGE, PIECE = 200, 50
_running = threading.BoundedSemaphore(MOST_AT_ONCE)
COLUMNS = (
    "id", "started_at", "ended_at", "kind", "action", "status", "title", "service", "environment",
    "region", "version", "previous_version", "team", "actor", "actor_type", "actor_email",
    "source", "external_id", "subject", "severity", "artifact", "commit", "repository",
    "correlation_id", "causation_id", "expected_end_at", "recorded_at", "updated_at", "late",
    "skewed", "reports", "scope", "tags", "labels", "links", "before", "after", "data", "body",
    "url",
)  # fmt: skip


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        """The text."""
        return text


def write_csv(events: Iterable[ChangeEvent]) -> Iterator[bytes]:
    """RFC 4180 with a head; lists and objects as JSON."""
    line: Any = csv.writer(_Line())
    yield line.writerow(COLUMNS).encode()
    for event in events:
        shown = event_as_json(event)
        yield line.writerow([_cell(shown[name]) for name in COLUMNS]).encode()


def write_lines(events: Iterable[ChangeEvent]) -> Iterator[bytes]:
    """JSON Lines: an object a line."""
    for event in events:
        yield msgspec.json.encode(event_as_json(event)) + b"\n"


# By the ending of the address: the content type, and what writes it.
FORMS: Mapping[str, tuple[str, Callable[[Iterable[ChangeEvent]], Iterator[bytes]]]] = (
    MappingProxyType({"csv": ("text/csv", write_csv), "jsonl": ("application/jsonl", write_lines)})
)


def export_events(query: EventQuery, form: str) -> Iterator[bytes]:
    """All that fits, in pieces; the first page is read at once, so that its errors are told.

    Raises PayloadError, and UnavailableError when as many as may are at it.
    """
    if not _running.acquire(blocking=False):
        raise UnavailableError(f"{MOST_AT_ONCE} exports are running here; come again in a while.")
    pieces = _until_released(FORMS[form][1](each_event(query, PAGE)))
    next(pieces)
    return pieces


def _until_released(lines: Iterator[bytes]) -> Iterator[bytes]:
    """In pieces; when all is taken, or nobody wants the rest, another export may begin."""
    try:
        first = b"".join(islice(lines, PIECE))
        yield b""
        yield first
        while piece := b"".join(islice(lines, PIECE)):
            yield piece
    finally:
        _running.release()


def _cell(value: Any) -> object:
    if value is None:
        return ""
    return harmless_cell(
        msgspec.json.encode(value).decode() if isinstance(value, list | dict | bool) else value
    )
