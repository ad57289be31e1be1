"""Pages of big lists by their URL."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.http import HttpRequest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def params_of(request: HttpRequest, names: Sequence[str]) -> dict[str, list[str]]:
    """What is asked for, without blanks and without what the page does not know."""
    found = {}
    for name in names:
        texts = (text.strip() for text in request.GET.getlist(name))
        if kept := list(dict.fromkeys(filter(None, texts))):
            found[name] = kept
    return found


def last(params: Mapping[str, Sequence[str]], name: str) -> str:
    """The last value of a parameter, or nothing."""
    return (params.get(name) or [""])[-1]


def write_place(at: datetime, pk: int) -> str:
    """A place in a list by time, for its URL."""
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}.{pk}"


def read_place(text: str) -> tuple[datetime, int] | None:
    """The place; None: it is none."""
    micros, _, pk = text.partition(".")
    digits = micros.removeprefix("-")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in (digits, pk)):
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(micros)), int(pk)
    except OverflowError:
        return None


def read_number(text: str) -> int | None:
    """An id; None: it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
