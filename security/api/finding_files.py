"""Findings as files."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from opsportal.lib.spreadsheets import harmless_cell

COLUMNS = (
    "id", "check", "label", "status", "score", "summary", "account", "account_name", "team",
    "region", "technology", "resource", "resource_name", "arn", "subject", "first_seen_at",
    "opened_at", "seen_at", "fixed_at", "fixed_reason", "undecided", "actor", "introduced_by",
    "fixed_by", "acceptance", "fingerprint", "evidence", "url",
)  # fmt: skip


def write_csv(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """RFC 4180 with a head; evidence as JSON."""
    yield _line(COLUMNS)
    for row in rows:
        yield _line([_cell(row[name]) for name in COLUMNS])


def write_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """JSON Lines."""
    for row in rows:
        yield msgspec.json.encode(row) + b"\n"


def _line(cells: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _cell(value: Any) -> object:
    if value is None:
        return ""
    is_nested = isinstance(value, dict | list)
    return harmless_cell(msgspec.json.encode(value).decode() if is_nested else value)
