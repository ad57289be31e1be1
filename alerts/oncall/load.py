"""Schedules as plans, read in as many queries for one as for all."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Prefetch

from alerts.models import ImportedShift, Layer, LayerPerson, Override, Schedule
from alerts.oncall.plan import Booking, Plan, Rotation
from opsportal.accounts.models import User
from opsportal.lib.windows import parse_hours, zone_of

# Beyond this the calendars and overrides are not looked at: `watch_at` looks no further.
HORIZON = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Roster:
    """Schedules with their plans, and the people in them."""

    plans: dict[int, Plan]
    people: dict[int, User]


def load_roster(
    schedules: Iterable[Schedule], start: datetime, end: datetime | None = None
) -> Roster:
    """What the schedules say between the two times, or from `start` on."""
    end = end or start + HORIZON
    found = list(schedules)
    people: dict[int, User] = {}
    layers = _layers(found, people)
    calendar = _bookings(ImportedShift, found, start, end, people)
    overrides = _bookings(Override, found, start, end, people)
    plans = {
        schedule.pk: Plan(
            zone_of(schedule.zone),
            tuple(rotation_of(layer, schedule.zone) for layer in layers[schedule.pk]),
            tuple(calendar[schedule.pk]),
            tuple(overrides[schedule.pk]),
        )
        for schedule in found
    }
    return Roster(plans, people)


def load_plan(schedule: Schedule, start: datetime, end: datetime | None = None) -> Plan:
    """The plan of one schedule."""
    return load_roster([schedule], start, end).plans[schedule.pk]


def rotation_of(layer: Layer, zone: str) -> Rotation:
    """A layer as plain values; its places must have been fetched with their people."""
    people = [place.user_id if place.user.is_active else None for place in layer.places.all()]
    return Rotation(
        layer.name,
        datetime.combine(layer.starts_on, layer.starts_at),
        timedelta(**{layer.unit: layer.length}),
        tuple(people),
        parse_hours(layer.hours, zone) if layer.hours.strip() else None,
    )


def _layers(schedules: Sequence[Schedule], people: dict[int, User]) -> dict[int, list[Layer]]:
    places = Prefetch("places", LayerPerson.objects.select_related("user"))
    found: dict[int, list[Layer]] = defaultdict(list)
    rows = Layer.objects.filter(schedule__in=schedules).prefetch_related(places)
    for layer in rows.order_by("position", "pk"):
        found[layer.schedule_id].append(layer)
        for place in layer.places.all():
            people[place.user_id] = place.user
    return found


def _bookings(
    model: type[ImportedShift] | type[Override],
    schedules: Sequence[Schedule],
    start: datetime,
    end: datetime,
    people: dict[int, User],
) -> dict[int, list[Booking]]:
    found: dict[int, list[Booking]] = defaultdict(list)
    rows = model._default_manager.filter(
        schedule__in=schedules, ends_at__gt=start, starts_at__lt=end, user__is_active=True
    )
    for row in rows.select_related("user").order_by("pk"):
        found[row.schedule_id].append(Booking(row.user_id, row.starts_at, row.ends_at))
        people[row.user_id] = row.user
    return found
