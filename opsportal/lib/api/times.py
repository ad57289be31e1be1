"""Times as callers write them: RFC 3339, seconds since 1970, or `1h` for an hour ago."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import EARLIEST, LATEST

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_RELATIVE = re.compile(r"([+-]?)(\d{1,9})([smhdw])", re.ASCII)
_SPAN = re.compile(r"\d{1,9}[smhdw]", re.ASCII)
_EPOCH = re.compile(r"\d{1,13}(\.\d{1,9})?", re.ASCII)
# A `+` that was not escaped in a URL arrives as a blank: 2026-01-01T00:00:00 02:00.
_LOST_PLUS = re.compile(r"(T.*) (\d\d:?\d\d)", re.ASCII)
_MILLISECONDS_FROM = 10**11


def _read(text: str, now: datetime) -> datetime | None:
    if text == "now":
        return now
    if relative := _RELATIVE.fullmatch(text):
        span = _UNITS[relative[3]] * int(relative[2])
        return now + span if relative[1] == "+" else now - span
    if _EPOCH.fullmatch(text):
        seconds = float(text)
        if seconds >= _MILLISECONDS_FROM:
            seconds /= 1000
        return datetime.fromtimestamp(seconds, UTC)
    instant = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text))
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def parse_time(text: str, *, now: datetime, field: str) -> datetime:
    """The instant that is meant; without an offset it is UTC. Raises PayloadError.

    `1h`, `-15m`, `2d` are before now; `+2h` is after now.
    """
    try:
        instant = _read(text.strip(), now)
    except (ValueError, OverflowError, OSError):
        instant = None
    if instant is None:
        message = (
            f"not a time: {text[:60]!r}; write 2026-01-31T12:00:00Z, seconds since 1970, "
            "or 15m, 1h, 2d for that long ago"
        )
    elif not EARLIEST <= instant < LATEST:
        message = f"not within {EARLIEST.year} and {LATEST.year}: {text[:60]!r}"
    else:
        return instant
    raise PayloadError(f"{field}: {message}", [FieldError(field, message)])


def parse_future(text: str, *, now: datetime, field: str) -> datetime:
    """An instant to come: as above, where a span such as `2h` is from now on. Raises PayloadError.

    Without an offset it is UTC, as a browser's date field sends it.
    """
    text = text.strip()
    instant = parse_time(f"+{text}" if _SPAN.fullmatch(text) else text, now=now, field=field)
    if instant <= now:
        message = "must lie in the future"
        raise PayloadError(f"{field}: {message}", [FieldError(field, message)])
    return instant


def parse_time_range(
    query: Mapping[str, str], *, now: datetime, since: str = "since", until: str = "until"
) -> tuple[datetime | None, datetime | None]:
    """Both ends of `?since=&until=`; None for an end that is not given. Raises PayloadError."""
    start_text, end_text = query.get(since, ""), query.get(until, "")
    start = parse_time(start_text, now=now, field=since) if start_text else None
    end = parse_time(end_text, now=now, field=until) if end_text else None
    if start is not None and end is not None and start > end:
        message = f"is after {until}"
        raise PayloadError(f"{since} {message}", [FieldError(since, message)])
    return start, end
