"""From two moments as said to the interval between them."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from chronos.ask.points import Hour, Point, Points
from chronos.ask.reading import Bound
from opsportal.lib.errors import PayloadError


def anchored(point: Point, day: Point | None) -> Point:
    """A time of day on a day that was said elsewhere."""
    if day is None or not point.is_clock:
        return point
    return replace(point, days=day.days, weekday=day.weekday)


def interval_between(
    points: Points, first: Point, second: Point, day: Point | None = None
) -> tuple[Bound, Bound]:
    """[first, second); a day at the end is meant whole. Raises PayloadError when it is empty."""
    first, second = _same_half(first, second)
    first, second = anchored(first, day), anchored(second, day)
    if first.is_clock and not second.is_clock and second.hour and second.bound is None:
        first = replace(first, days=second.days, weekday=second.weekday)
    since = points.start(first)
    start_day = None if first.bound is not None else points.first_day(first)
    until = end_of(points, second, start_day)
    if isinstance(since, datetime) and isinstance(until, datetime) and since >= until:
        raise _empty(points, first, second)
    return since, until


def end_of(points: Points, point: Point, start_day: date | None = None) -> Bound:
    """Where what ends with this point ends: on `start_day`, when a time of day begins there."""
    clock = points.clock
    if point.bound is not None:
        return point.bound
    first, after = _days(points, point, start_day)
    if point.next_day:
        first += timedelta(days=1)
    if point.hour:
        return clock.instant(first, point.hour.time, last=True)
    return clock.instant(after)


def _days(points: Points, point: Point, start_day: date | None) -> tuple[date, date]:
    if point.days:
        return point.days
    first = points.first_day(point)
    if start_day and point.weekday is not None:
        first = start_day + timedelta(days=(point.weekday - start_day.weekday()) % 7)
    elif start_day:
        first = start_day
    return first, first + timedelta(days=1)


def _same_half(first: Point, second: Point) -> tuple[Point, Point]:
    """Between 2 and 3pm: the 2 is of the afternoon too, unless that is later."""
    if not (first.hour and second.hour):
        return first, second
    one, two = first.hour, second.hour
    if one.bare and two.half and one.hour <= 12:
        one = replace(one, half=two.half)
        if one.time >= two.time:
            one = replace(one, half=_other(two))
    elif two.bare and one.half and two.hour <= 12:
        two = replace(two, half=one.half)
        if two.time <= one.time:
            two = replace(two, half=_other(one))
    return replace(first, hour=one), replace(second, hour=two)


def _other(hour: Hour) -> str:
    return "am" if hour.half == "pm" else "pm"


def _empty(points: Points, first: Point, second: Point) -> PayloadError:
    if first.hour and second.hour and first.bound is None and second.bound is None:
        if second.hour.time > first.hour.time and (second.is_clock or first.days == second.days):
            zone = points.clock.zone.key
            return PayloadError(f"the clocks of {zone} skip that time on {points.first_day(first)}")
        if second.is_clock or (first.days is not None and first.days == second.days):
            return PayloadError(f"end before start; did you mean until {second.hour} the next day?")
    return PayloadError("end before start; turn them round, or say the date of both")
