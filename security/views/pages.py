"""Pages of big lists by their URL: a place in the list, and what comes after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from opsportal.lib.params import read_number

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Rows:
    """A page; `more` is the place to go on from, empty where there is nothing more."""

    rows: Sequence[Any] = ()
    more: str = ""
    # Whether it is not the first.
    later: bool = False


def newest_first(found: QuerySet[Any], after: str, size: int) -> Rows:
    """A page by `-captured_at, -id`."""
    micros, _, pk = after.partition("-")
    at, last = _instant(micros), read_number(pk)
    if at is not None and last is not None:
        # The second condition says the first again, so that the index serves.
        found = found.filter(
            Q(captured_at__lt=at) | Q(captured_at=at, id__lt=last), captured_at__lte=at
        )
    rows = list(found[: size + 1])
    more = ""
    if len(rows) > size:
        end = rows[size - 1]
        more = f"{(end.captured_at - _EPOCH) // timedelta(microseconds=1)}-{end.pk}"
    return Rows(rows[:size], more, at is not None)


def by_id(found: QuerySet[Any], after: str, size: int, *, down: bool = False) -> Rows:
    """A page by `id`, or by `-id`."""
    last = read_number(after)
    if last is not None:
        found = found.filter(**{"id__lt" if down else "id__gt": last})
    rows = list(found[: size + 1])
    more = str(rows[size - 1].pk) if len(rows) > size else ""
    return Rows(rows[:size], more, last is not None)


def _instant(text: str) -> datetime | None:
    micros = read_number(text)
    try:
        return None if micros is None else _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return None
