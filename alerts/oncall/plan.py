"""A schedule as plain values, and the shifts that come of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opsportal.lib.windows import Hours

OVERRIDE, CALENDAR = "override", "calendar"


@dataclass(frozen=True, slots=True)
class Rotation:
    """A layer: turns of the same length on the wall clock of the zone."""

    name: str
    first: datetime  # naive: the wall time of the first handover
    length: timedelta
    people: tuple[int | None, ...]  # in their order; None holds nothing, as one who has left
    hours: Hours | None = None  # None: around the clock


@dataclass(frozen=True, slots=True)
class Booking:
    """A person for a time, once: an override or an imported shift."""

    user_id: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule. Of layers the later wins, of overrides too; of the calendar who starts later."""

    zone: ZoneInfo
    layers: tuple[Rotation, ...] = ()
    calendar: tuple[Booking, ...] = ()
    overrides: tuple[Booking, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """Somebody is on call from `start` until just before `end`."""

    user_id: int
    start: datetime
    end: datetime
    source: str  # the layer's name, "calendar" or "override"


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is on call at a moment and who comes then; nobody where a shift is None."""

    current: Shift | None
    until: datetime | None  # when that changes; None: not within the horizon
    following: Shift | None  # the next shift of somebody else, or after a gap
