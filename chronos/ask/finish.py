"""The last step of reading: what all the words of a question come to."""

from zoneinfo import ZoneInfo

from chronos.ask.clock import Span
from chronos.ask.filters import merge_filters
from chronos.ask.found import Found
from chronos.ask.reading import Bound, Filter, Interval, Reading, Shape
from chronos.ask.settle import DAY, QUARTER, settle_interval, settle_moment, settle_moments
from chronos.ask.times import Times
from opsportal.lib.errors import PayloadError

# What these ask for is found quickly, however long ago it was.
_SELDOM = frozenset({"service", "version", "tag"})


def finish_reading(found: Found, times: Times, zone: ZoneInfo) -> Reading:
    """The reading of all that was found. Raises PayloadError."""
    shape = _shape(found)
    if found.subject and shape is not Shape.SUSPECTS:
        times.said.append(f"during {found.subject.kind} {found.subject.id}")
        times.set_during(found.subject)
    interval: Interval | None = None
    moments: tuple[Bound, ...] = ()
    compared = _compared(found) if shape is Shape.DIFF else ()
    if shape is Shape.DIFF:
        moments = settle_moments(times, two_environments=bool(compared))
    elif shape in {Shape.RUNNING, Shape.SUSPECTS}:
        moment = settle_moment(times)
        moments = () if moment is None else (moment,)
    else:
        default = _default(found, shape)
        interval = settle_interval(times, default)
        if not times.given:
            length = "24 hours" if default == DAY else "90 days"
            found.notes.append(f"no time was said: the last {length}")
    return Reading(
        shape=shape,
        interval=interval,
        moments=moments,
        compared=compared,
        filters=_filters(found, shape, compared),
        text=tuple(found.words),
        ongoing=found.ongoing,
        grouping=tuple(dict.fromkeys(found.grouping)) if shape is Shape.COUNT else (),
        limit=_limit(found, times, shape),
        subject=found.subject if shape is Shape.SUSPECTS else None,
        zone=zone.key,
        question=found.text,
        unknown=tuple(found.unknown),
        notes=tuple(found.notes),
        suggestions=tuple(found.suggestions),
    )


def _default(found: Found, shape: Shape) -> Span:
    """Where no time was said: what is seldom is looked for longer."""
    seldom = bool(found.words) or any(made.field in _SELDOM for made in found.filters)
    last = shape in {Shape.WHO, Shape.WHEN} or found.limit is not None
    return QUARTER if last or (seldom and shape is not Shape.COUNT) else DAY


def _shape(found: Found) -> Shape:
    shape = found.shape
    if found.running and shape in {None, Shape.LIST, Shape.COUNT}:
        kinds = any(f.field == "kind" for f in found.filters)
        if kinds or shape:
            found.ongoing = True
            found.filters.append(Filter("status", "=", ("started",)))
        else:
            shape = Shape.RUNNING
    if found.grouping and shape is None:
        shape = Shape.COUNT
    return shape or Shape.LIST


def _compared(found: Found) -> tuple[str, ...]:
    environments = found.environments
    if len(environments) > 2:
        raise PayloadError(f"a diff is of two environments, not of {', '.join(environments)}")
    return tuple(environments) if len(environments) == 2 else ()


def _filters(found: Found, shape: Shape, compared: tuple[str, ...]) -> tuple[Filter, ...]:
    filters = found.filters
    if compared:
        filters = [f for f in filters if (f.field, f.op) != ("environment", "=")]
    if shape is Shape.RUNNING:
        filters = [f for f in filters if f.field not in {"kind", "status"}]
    done = found.done and shape in {Shape.LIST, Shape.COUNT, Shape.WHO, Shape.WHEN}
    if done and not any(f.field == "status" for f in filters):
        filters = [*filters, Filter("status", "=", ("succeeded",))]
    return merge_filters(filters)


def _limit(found: Found, times: Times, shape: Shape) -> int | None:
    if shape not in {Shape.LIST, Shape.WHO, Shape.WHEN}:
        return None
    if (
        found.limit is None
        and shape in {Shape.WHO, Shape.WHEN}
        and (found.newest or not times.given)
    ):
        return 1
    return found.limit
