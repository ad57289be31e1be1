"""What the editors of matchers and times ask while somebody writes: JSON for the pages' scripts."""

import json
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from alerts.form_fields import describe_hours
from alerts.suggest import suggest_labels
from opsportal.accounts.pages import portal_page
from opsportal.lib.errors import PayloadError
from opsportal.lib.matchers import MatcherError, Row, rows_to_text, text_to_rows
from opsportal.lib.times import utc_now
from opsportal.lib.windows import parse_hours

_NOT_UNDERSTOOD = 'Send {"text": "..."} or {"rows": [{"name": ..., "op": ..., "value": ...}]}.'


@portal_page
@require_POST
def read_matchers(request: HttpRequest) -> JsonResponse:
    """A text as rows, or rows as text; what is wrong with them is an answer as well."""
    given = _question(request)
    if isinstance(given.get("text"), str):
        return JsonResponse(_rows_of(given["text"]))
    rows = _rows(given.get("rows"))
    if rows is None:
        return JsonResponse({"message": _NOT_UNDERSTOOD}, status=400)
    return JsonResponse(_text_of(rows))


@portal_page
@require_POST
def read_hours(request: HttpRequest) -> JsonResponse:
    """Whether hours hold now, or what is wrong with their text."""
    text = _question(request).get("text")
    if not isinstance(text, str):
        return JsonResponse({"message": 'Send {"text": "mon-fri 09:00-17:00"}.'}, status=400)
    try:
        return JsonResponse({"says": describe_hours(parse_hours(text), utc_now())})
    except PayloadError as error:
        return JsonResponse({"complaint": error.message})


@portal_page
@require_safe
def known_labels(request: HttpRequest) -> JsonResponse:
    """Labels seen lately, with values."""
    del request
    return JsonResponse({"labels": suggest_labels()})


def _question(request: HttpRequest) -> dict[str, Any]:
    try:
        given = json.loads(request.body)
    except (ValueError, RecursionError):
        given = None
    return given if isinstance(given, dict) else {}


def _rows_of(text: str) -> dict[str, Any]:
    try:
        rows = text_to_rows(text)
    except MatcherError as error:
        return {"complaint": error.message, "column": error.column}
    return {"rows": [{"name": row.name, "op": row.op, "value": row.value} for row in rows]}


def _text_of(rows: list[Row]) -> dict[str, Any]:
    try:
        return {"text": rows_to_text(rows)}
    except PayloadError as error:
        at = [int(found.field.partition(".")[2]) for found in error.errors]
        return {"complaint": error.message, "wrong": at}


def _rows(given: object) -> list[Row] | None:
    if not isinstance(given, list):
        return None
    rows = []
    for item in given:
        if not isinstance(item, dict) or not all(
            isinstance(item.get(name), str) for name in ("name", "op", "value")
        ):
            return None
        rows.append(Row(item["name"], item["op"], item["value"]))
    return rows
