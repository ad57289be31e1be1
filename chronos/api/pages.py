"""Where a page of changes ends, as text."""

import base64
import binascii
import json
import re
from datetime import datetime
from typing import Any

from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from chronos.follow import MOST_MARKS, Reached
from chronos.models import ChangeEvent
from chronos.search import EventQuery, Place, page_of_events
from opsportal.lib.api import KeysetPagination
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import EARLIEST, LATEST, format_instant

_MARKS = re.compile(rf"([0-9a-f]{{8}}){{0,{MOST_MARKS}}}")
_BIGGEST = 2**63


class ChangePages(KeysetPagination):
    """Pages of what overlaps an interval: two queries, the ordinary and the lasting."""

    keyset = ("-started_at", "-id")

    def page(self, query: EventQuery, request: Request) -> tuple[list[ChangeEvent], str | None]:
        """The page that is asked for, and the address of the next. Raises PayloadError."""
        after = None
        if cursor := request.query_params.get("cursor"):
            after = Place(*self._place(ChangeEvent, ["started_at", "id"], cursor))
        rows, following = page_of_events(query, self._limit(request), after)
        if following is None:
            return rows, None
        here = request.build_absolute_uri()
        return rows, replace_query_param(here, "cursor", self._cursor(following, self.keyset))

    def limit(self, request: Request) -> int:
        """How many are asked for. Raises PayloadError."""
        return self._limit(request)


def write_reached(reached: Reached) -> str:
    """A follower's place."""
    plain = [format_instant(reached.updated_at), reached.id, "".join(sorted(reached.marks))]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def read_reached(cursor: str) -> Reached:
    """The place again. Raises PayloadError."""
    try:
        plain: Any = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", True))
        at, pk, marks = plain
        updated_at = datetime.fromisoformat(at)
        if not (
            updated_at.tzinfo
            and EARLIEST <= updated_at <= LATEST
            and isinstance(pk, int)
            and 0 <= pk < _BIGGEST
            and _MARKS.fullmatch(marks)
        ):
            raise ValueError(cursor)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        message = "take it from `next` of the answer before"
        raise PayloadError(f"cursor: {message}", [FieldError("cursor", message)]) from None
    found = frozenset(marks[place : place + 8] for place in range(0, len(marks), 8))
    return Reached(updated_at, pk, found)
