"""Pages of big lists by their URL."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
