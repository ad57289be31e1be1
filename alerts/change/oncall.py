"""Schedules and overrides are changed here, by pages, API and files alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import transaction

from alerts.change.record import (
    State,
    check_columns,
    record_deleted,
    record_saved,
    save_row,
    team_name,
)
from alerts.models import EscalationPolicy, Layer, LayerPerson, Override, Schedule
from alerts.oncall.words import write_rotation, write_wall
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import mask_secret, record_audit
from opsportal.accounts.models import User
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import ConflictError, FieldError, PayloadError
from opsportal.lib.http import check_url
from opsportal.lib.times import EARLIEST, LATEST, format_instant
from opsportal.lib.windows import parse_hours, zone_of

MOST_LAYERS, MOST_PLACES, MOST_TURNS = 20, 100, 400
LONGEST_OVERRIDE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class LayerDraft:
    """A layer as it shall be."""

    name: str
    length: int
    unit: str
    starts_at: datetime  # naive: the wall time of the first handover
    people: Sequence[User] = field(default_factory=tuple)
    hours: str = ""


def save_schedule(
    schedule: Schedule,
    layers: Sequence[LayerDraft] | None = None,
    *,
    actor: Actor,
    now: datetime,
) -> bool:
    """Store a new or changed schedule; whether anything was different.

    `layers`, in their order, replace those it has; None leaves them alone. An address given as
    the mask stays as it was. Raises PayloadError, ConflictError.
    """
    with transaction.atomic():
        stored = Schedule.objects.select_for_update().filter(pk=schedule.pk).first()
        old = layer_drafts(stored) if stored else []
        new = old if layers is None else list(layers)
        _check_schedule(schedule, stored)
        _check_layers(new, schedule.zone)
        before = schedule_state(stored, old) if stored else None
        after = schedule_state(schedule, new)
        if before == after:
            return False
        if stored is None or stored.ical_url != schedule.ical_url:
            _forget_import(schedule)
        save_row(schedule)
        if before is None or before["layers"] != after["layers"]:
            _replace_layers(schedule, new)
        record_saved(schedule, before, after, actor=actor, now=now)
    return True


def delete_schedule(schedule: Schedule, *, actor: Actor, now: datetime) -> None:
    """Remove a schedule that no policy asks. Raises ConflictError."""
    with transaction.atomic():
        policies = EscalationPolicy.objects.filter(steps__targets__schedule=schedule).distinct()
        if names := ", ".join(policies.values_list("name", flat=True)):
            raise ConflictError(
                f"The schedule {schedule.name} is asked by the escalation policies {names}. "
                "Change these first."
            )
        state = schedule_state(schedule, layer_drafts(schedule))
        record_deleted(schedule, state, actor=actor, now=now)
        schedule.delete()


def renew_feed(schedule: Schedule, *, actor: Actor, now: datetime) -> None:
    """Give the schedule's calendar another address; the one given out so far ends."""
    with transaction.atomic():
        stored = Schedule.objects.select_for_update().get(pk=schedule.pk)
        schedule.feed_number = stored.feed_number + 1
        Schedule.objects.filter(pk=schedule.pk).update(feed_number=schedule.feed_number)
        record_audit(actor, "renew feed", schedule, now=now)


def save_override(override: Override, *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed override; whether anything was different. Raises PayloadError."""
    with transaction.atomic():
        stored = Override.objects.select_for_update().filter(pk=override.pk).first()
        if stored is None:
            override.author = actor.name[:200]
        _check_override(override, now)
        before = override_state(stored) if stored else None
        after = override_state(override)
        if before == after:
            return False
        save_row(override)
        record_saved(override, before, after, actor=actor, now=now)
    return True


def delete_override(override: Override, *, actor: Actor, now: datetime) -> None:
    """Remove an override: the schedule says again what it would say."""
    with transaction.atomic():
        record_deleted(override, override_state(override), actor=actor, now=now)
        override.delete()


def layer_drafts(schedule: Schedule) -> list[LayerDraft]:
    """The layers that a schedule has."""
    found = schedule.layers.prefetch_related("places__user").order_by("position", "pk")
    return [draft_of(layer) for layer in found]


def draft_of(layer: Layer) -> LayerDraft:
    """A stored layer; its places must have been fetched with their people."""
    return LayerDraft(
        layer.name,
        layer.length,
        layer.unit,
        datetime.combine(layer.starts_on, layer.starts_at),
        tuple(place.user for place in layer.places.all()),
        layer.hours,
    )


def schedule_state(schedule: Schedule, layers: Sequence[LayerDraft]) -> State:
    """A schedule with its layers for the trail; of the address only host and a fingerprint."""
    url = str(schedule.ical_url or "")
    return {
        "name": schedule.name,
        "team": team_name(schedule.team),
        "zone": schedule.zone,
        "description": schedule.description,
        "ical_url": f"{urlsplit(url).hostname} ({mask_secret(url)})" if url else "",
        "layers": [
            {
                "name": layer.name,
                "rotation": write_rotation(layer.length, layer.unit),
                "starts_at": write_wall(layer.starts_at),
                "people": [user.get_username() for user in layer.people],
                "hours": layer.hours,
            }
            for layer in layers
        ],
    }


def override_state(override: Override) -> State:
    """An override for the trail."""
    return {
        "schedule": override.schedule.name,
        "user": override.user.get_username(),
        "starts_at": format_instant(override.starts_at),
        "ends_at": format_instant(override.ends_at),
        "note": override.note,
    }


def _check_schedule(schedule: Schedule, stored: Schedule | None) -> None:
    if schedule.ical_url == MASK:
        schedule.ical_url = stored.ical_url if stored else ""
    schedule.ical_url = str(schedule.ical_url or "").strip()
    check_columns(schedule, exclude=["ical_url"])
    try:
        zone_of(schedule.zone)
    except PayloadError as error:
        raise PayloadError(error.message, [FieldError("zone", error.message)]) from error
    if not schedule.ical_url:
        return
    try:
        check_url(schedule.ical_url)
    except PayloadError as error:
        raise PayloadError(error.message, [FieldError("ical_url", error.message)]) from error


def _check_layers(layers: Sequence[LayerDraft], zone: str) -> None:
    errors = []
    if len(layers) > MOST_LAYERS:
        errors.append(FieldError("layers", f"at most {MOST_LAYERS} layers"))
    names = [layer.name for layer in layers]
    for number, layer in enumerate(layers):
        where = f"layers.{number}"
        if not layer.name.strip() or len(layer.name) > 100:
            errors.append(FieldError(f"{where}.name", "from 1 to 100 characters"))
        elif names.index(layer.name) != number:
            errors.append(FieldError(f"{where}.name", f"a second layer {layer.name!r}"))
        if not 1 <= layer.length <= MOST_TURNS or layer.unit not in Layer.Unit.values:
            message = f"from 1 to {MOST_TURNS} hours, days or weeks: 12h, 1d, 1w"
            errors.append(FieldError(f"{where}.rotation", message))
        if not 1 <= len(layer.people) <= MOST_PLACES:
            errors.append(FieldError(f"{where}.people", f"from 1 to {MOST_PLACES} people"))
        try:
            parse_hours(layer.hours, zone)
        except PayloadError as error:
            errors.append(FieldError(f"{where}.hours", error.message))
        if len(layer.hours) > 500:
            errors.append(FieldError(f"{where}.hours", "at most 500 characters"))
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The schedule's layers are not right: {text}", errors)


def _check_override(override: Override, now: datetime) -> None:
    errors = []
    if not EARLIEST <= override.starts_at < override.ends_at < LATEST:
        errors.append(FieldError("ends_at", "must be after the start"))
    elif override.ends_at - override.starts_at > LONGEST_OVERRIDE:
        errors.append(FieldError("ends_at", "at most a year after the start"))
    elif override.ends_at <= now:
        errors.append(FieldError("ends_at", "must lie in the future"))
    if not override.user.is_active:
        errors.append(FieldError("user", f"{override.user} has left"))
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The override is not right: {text}", errors)
    check_columns(override)


def _forget_import(schedule: Schedule) -> None:
    """Another calendar: what is known of the old one no longer holds."""
    schedule.ical_tried_at = schedule.ical_imported_at = schedule.ical_failing_since = None
    schedule.ical_error = schedule.ical_note = ""
    if schedule.pk is not None:
        schedule.imported.all().delete()


def _replace_layers(schedule: Schedule, drafts: Sequence[LayerDraft]) -> None:
    schedule.layers.all().delete()
    for position, draft in enumerate(drafts):
        layer = Layer.objects.create(
            schedule=schedule,
            position=position,
            name=draft.name,
            length=draft.length,
            unit=draft.unit,
            starts_on=draft.starts_at.date(),
            starts_at=draft.starts_at.time(),
            hours=draft.hours,
        )
        LayerPerson.objects.bulk_create(
            LayerPerson(layer=layer, position=place, user=user)
            for place, user in enumerate(draft.people)
        )
