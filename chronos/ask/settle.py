"""What the phrases of time in one question come to: an interval, or moments."""

from datetime import datetime, timedelta

from chronos.ask.clock import Span
from chronos.ask.ranges import anchored, end_of, interval_between
from chronos.ask.reading import Bound, Interval
from chronos.ask.times import AROUND, Times
from opsportal.lib.errors import PayloadError

# How far back is looked where nothing is said about time: at little, and at all that there is.
DAY, QUARTER = Span(timedelta(days=1)), Span(timedelta(days=90))


def settle_interval(times: Times, default: Span) -> Interval:
    """The interval that is meant; `default` until now, where none is. Raises PayloadError."""
    said = ", ".join(times.said)
    since, until = _ends(times, default)
    if isinstance(since, datetime) and isinstance(until, datetime) and since >= until:
        if since >= times.clock.now and times.since:
            raise PayloadError(f"{said!r} begins in the future; say until when, too")
        raise PayloadError(f"{said!r} is no time at all: its end is not after its start")
    return Interval(since, until, said)


def _ends(times: Times, default: Span) -> tuple[Bound, Bound]:
    points, now = times.points, times.clock.now
    around = times.around or ((times.at[0], AROUND) if len(times.at) == 1 else None)
    _refuse_two(times, [times.exact, times.pair, times.since or times.until, around])
    if len(times.at) > 1:
        raise PayloadError(f"two moments: {', '.join(times.said)}; write between … and …")
    if times.exact:
        return times.exact
    if times.pair:
        return interval_between(points, *times.pair, times.day)
    if around:
        middle = points.start(anchored(around[0], times.day))
        return (
            points.shifted(middle, around[1], ahead=False),
            points.shifted(middle, around[1], ahead=True),
        )
    if times.since and times.until:
        return interval_between(points, times.since, times.until, times.day)
    if times.since:
        since = points.start(anchored(times.since, times.day))
        return since, _day_end(times, now) if times.day else now
    if times.until:
        until = end_of(points, anchored(times.until, times.day))
        if times.day:
            return points.start(times.day), until
        return points.shifted(until, default, ahead=False), until
    if times.day:
        return points.start(times.day), _day_end(times, now)
    return times.clock.back(now, default), now


def _day_end(times: Times, now: datetime) -> Bound:
    """The end of the day or period that was said, or now while it lasts."""
    day = times.day
    if day is None:
        return now
    since, until = times.points.start(day), end_of(times.points, day)
    if isinstance(since, datetime) and isinstance(until, datetime) and since < now < until:
        return now
    return until


def _refuse_two(times: Times, pieces: list[object]) -> None:
    given = [piece for piece in pieces if piece is not None]
    if len(given) > 1 or (times.exact and times.day):
        raise PayloadError(f"two times: {' and '.join(times.said)}; leave one out")


def settle_moment(times: Times) -> Bound | None:
    """The one moment that a question about a moment is about; None when none was said."""
    if not times.given:
        return None
    if len(times.at) > 1:
        raise PayloadError(f"two moments: {', '.join(times.said)}; leave one out")
    if times.moment is not None:
        return times.moment
    if times.at or times.around:
        point = times.at[0] if times.at else times.around[0] if times.around else None
        return times.points.start(anchored(point, times.day)) if point else None
    return _ends(times, QUARTER)[1]


def settle_moments(times: Times, *, two_environments: bool) -> tuple[Bound, ...]:
    """The two moments of a diff; at most one for two environments. Raises PayloadError."""
    if two_environments:
        moment = settle_moment(times)
        return () if moment is None else (moment,)
    if len(times.at) == 1 and not times.day:
        return _ordered((times.points.start(times.at[0]), times.clock.now))
    if not times.given:
        raise PayloadError(
            "a diff needs two moments or two environments: diff prod 09:00 and 15:00, "
            "diff staging and prod"
        )
    if len(times.at) == 2:
        since, until = interval_between(times.points, times.at[0], times.at[1], times.day)
    else:
        since, until = _ends(times, QUARTER)
    # What is to come has no state yet, however it was said.
    if isinstance(until, datetime):
        until = min(until, times.clock.now)
    return _ordered((since, until))


def _ordered(ends: tuple[Bound, Bound]) -> tuple[Bound, Bound]:
    since, until = ends
    if isinstance(since, datetime) and isinstance(until, datetime) and since >= until:
        raise PayloadError("the two moments are the same; name two")
    return ends
