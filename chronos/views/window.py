"""The interval that a page shows, as its URL says it, and the ways to another one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chronos.histogram import choose_width, start_of_slot
from opsportal.lib.api import parse_time_range
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import EARLIEST, LATEST, format_duration

USUAL = "24h"
LATELY = (("1h", "Hour"), ("24h", "Day"), ("7d", "Week"), ("30d", "Month"))
_LEAST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """[since, until); a `live` one ends now and moves on."""

    since: datetime
    until: datetime
    live: bool
    words: str  # how long it is, for people

    @property
    def span(self) -> timedelta:
        """How long it is."""
        return self.until - self.since

    @property
    def ways(self) -> dict[str, dict[str, str]]:
        """The parameters of the neighbours: earlier, later and out (twice as wide)."""
        half, span = self.span / 2, self.span
        shifts = {"earlier": (-span, -span), "later": (span, span), "out": (-half, half)}
        return {
            name: interval(max(self.since + first, EARLIEST), min(self.until + last, _LAST))
            for name, (first, last) in shifts.items()
        }


_LAST = LATEST - timedelta(seconds=1)


def interval(since: datetime, until: datetime) -> dict[str, str]:
    """An interval as parameters of a URL, to the second."""
    return {"since": _text(since), "until": _text(until)}


def exact_window(since: datetime, until: datetime) -> Window:
    """An interval that stays where it is."""
    return Window(since, until, live=False, words=format_duration(until - since))


def read_window(params: Mapping[str, str], *, now: datetime) -> Window:
    """The interval that `since` and `until` say, each RFC 3339 or an age. Raises PayloadError.

    Without an end it is the time until now, to whole slots of the histogram, so that a page that
    polls stays the same for a while; without a start it is the day before the end.
    """
    since_text, until_text = params.get("since", ""), params.get("until", "")
    if not until_text:
        given = {"since": since_text or USUAL}
        since, _ = parse_time_range(given, now=now)
        if since is None or since >= now:
            raise _wrong("must lie in the past, or until be given")
        width = choose_width(now - since)
        start = max(start_of_slot(since, width), EARLIEST)
        end = start_of_slot(now, width) + width
        return Window(start, end, live=True, words=format_duration(now - since))
    given = {"since": since_text, "until": until_text}
    since, until = parse_time_range(given, now=now)
    if until is None:
        raise _wrong("is missing")
    since = since if since is not None else max(until - timedelta(days=1), EARLIEST)
    if until - since < _LEAST:
        raise _wrong("must be before until")
    return exact_window(since, until)


def _wrong(message: str) -> PayloadError:
    return PayloadError(f"since {message}", [FieldError("since", message)])


def _text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
