"""Going through a list of changes by its URL: a place in it, older and newer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chronos.models import ChangeEvent
from chronos.search import EventQuery, Place, page_before, page_of_events

PAGE = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rows:
    """A page; `older` and `newer` are places to go on from, empty where there is nothing."""

    events: Sequence[ChangeEvent] = ()
    older: str = ""
    newer: str = ""


def list_page(query: EventQuery, params: Mapping[str, str], most: int = 0) -> Rows:
    """The page that `after` (older) or `before` (newer) asks for, else the newest.

    With `most`, the newest so many are all there is.
    """
    if most:
        return Rows(page_of_events(query, min(most, PAGE))[0])
    below, above = _place(params.get("after", "")), _place(params.get("before", ""))
    if above is not None:
        events, more = page_before(query, PAGE, above)
        if len(events) == PAGE:
            return Rows(events, _text(events[-1]), _text(events[0]) if more else "")
        # The first page is never a short one.
        below = None
    events, after = page_of_events(query, PAGE, below)
    older = _text(events[-1]) if after is not None else ""
    newer = _text(events[0]) if below is not None and events else ""
    return Rows(events, older, newer)


def _text(event: ChangeEvent) -> str:
    return f"{(event.started_at - _EPOCH) // timedelta(microseconds=1)}-{event.pk}"


def _place(text: str) -> Place | None:
    micros, _, pk = text.partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in (micros, pk)):
        return None
    try:
        return Place(_EPOCH + timedelta(microseconds=int(micros)), int(pk))
    except OverflowError:
        return None
