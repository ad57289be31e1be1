"""Which call belongs to which revision: by what it names and when, without a database.

A revision's change lies between the capture before it and its own: (before, captured]. CloudTrail
cuts `eventTime` to the second, so a call may seem to come up to a second before it did. Clocks
may differ by `SKEW`; that much is allowed only once nothing fits otherwise.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

SECOND = timedelta(seconds=1)
SKEW = timedelta(minutes=2)


class Span(NamedTuple):
    """A revision, and between which instants its change was made; no first one: any time."""

    revision_id: int
    before: datetime | None
    captured: datetime


class Moment(NamedTuple):
    """A call that names the revision's resource."""

    activity_id: int
    at: datetime


def match(
    spans: Iterable[Span], moments: Iterable[Moment], *, skew: timedelta = timedelta(0)
) -> set[tuple[int, int]]:
    """Pairs of revision and call, of one resource.

    A call belongs to the first revision that was captured at or after it, if that one's span
    reaches back so far. The same whatever the order in which either became known.
    """
    ordered = sorted(spans, key=lambda span: span.captured)
    found = set()
    for moment in moments:
        span = _first(ordered, moment.at - skew)
        if span and (span.before is None or moment.at > span.before - SECOND - skew):
            found.add((span.revision_id, moment.activity_id))
    return found


def _first(ordered: Sequence[Span], at: datetime) -> Span | None:
    return next((span for span in ordered if span.captured >= at), None)
