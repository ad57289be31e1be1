"""Freezes are made, changed and removed here, by pages and files alike."""

from datetime import datetime
from typing import Any

from django.db import transaction

from chronos.models import Freeze
from chronos.trail import (
    State,
    check_columns,
    record_deleted,
    record_saved,
    save_row,
    team_name,
)
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import MatcherError, parse_matchers
from opsportal.lib.times import EARLIEST, LATEST, format_instant
from opsportal.lib.windows import parse_recurrence, zone_of

MOST_NAMES, LONGEST_NAME, MOST_EXCEPTIONS, LONGEST_REASON = 100, 200, 100, 500
LONGEST_KIND = 50
# What may be changed without an effect on what is a violation.
_WORDS = {"name", "reason"}


@transaction.atomic
def save_freeze(freeze: Freeze, *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed freeze; whether anything was different.

    Raises PayloadError, ConflictError.
    """
    rows = Freeze.objects.select_for_update(of=("self",)).select_related("team")
    stored = rows.filter(pk=freeze.pk).first()
    before = freeze_state(stored) if stored else None
    freeze.known_at = stored.known_at if stored else now
    check_freeze(freeze)
    after = freeze_state(freeze)
    if before == after:
        return False
    if before is None or any(after[name] != before[name] for name in after.keys() - _WORDS):
        freeze.known_at = now
    check_columns(freeze)
    save_row(freeze)
    record_saved(freeze, before, after, actor=actor, now=now)
    return True


@transaction.atomic
def delete_freeze(freeze: Freeze, *, actor: Actor, now: datetime) -> None:
    """Remove it; its violations stay."""
    record_deleted(freeze, freeze_state(freeze), actor=actor, now=now)
    freeze.delete()


def freeze_state(freeze: Freeze) -> State:
    """As the trail shows it."""
    return {
        "name": freeze.name,
        "reason": freeze.reason,
        "match": freeze.match,
        "kinds": list(freeze.kinds),
        "starts_at": format_instant(freeze.starts_at),
        "ends_at": format_instant(freeze.ends_at) if freeze.ends_at else None,
        "recurrence": freeze.recurrence,
        "zone": freeze.zone,
        "duration": freeze.duration.total_seconds() if freeze.duration else None,
        "exceptions": list(freeze.exceptions),
        "exempt_services": list(freeze.exempt_services),
        "exempt_actors": list(freeze.exempt_actors),
        "team": team_name(freeze.team),
        "enabled": freeze.enabled,
    }


def check_freeze(freeze: Freeze) -> None:
    """What saving it would refuse, and what it brings into form. Raises PayloadError."""
    freeze.recurrence = freeze.recurrence.strip().upper().removeprefix("RRULE:")
    if not freeze.recurrence:
        freeze.duration = None
    errors = [
        FieldError(name, "must not be empty")
        for name in ("name", "reason")
        if not getattr(freeze, name).strip()
    ]
    errors += [
        FieldError(name, "has a NUL character")
        for name in ("name", "reason", "match")
        if "\0" in getattr(freeze, name)
    ]
    try:
        parse_matchers(freeze.match)
    except MatcherError as error:
        errors.append(FieldError("match", error.message))
    errors += _complaints_of_names(freeze)
    times = _complaints_of_times(freeze)
    errors += times or _complaints_of_recurrence(freeze)
    errors += _complaints_of_exceptions(freeze.exceptions)
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The freeze is not right: {text}", errors)


def _complaints_of_names(freeze: Freeze) -> list[FieldError]:
    errors = []
    for field, longest in (
        ("kinds", LONGEST_KIND),
        ("exempt_services", LONGEST_NAME),
        ("exempt_actors", LONGEST_NAME),
    ):
        names = getattr(freeze, field)
        if (
            not isinstance(names, list)
            or len(names) > MOST_NAMES
            or not all(_is_text(name, longest) for name in names)
        ):
            message = f"a list of at most {MOST_NAMES} names of at most {longest} characters"
            errors.append(FieldError(field, message))
    if not freeze.kinds and not errors:
        errors.append(FieldError("kinds", "name one kind at least, such as deployment"))
    return errors


def _complaints_of_times(freeze: Freeze) -> list[FieldError]:
    starts_at, ends_at = freeze.starts_at, freeze.ends_at
    if not EARLIEST <= starts_at < LATEST:
        return [FieldError("starts_at", f"give one from {EARLIEST.year} to {LATEST.year}")]
    if ends_at is None:
        return [] if freeze.recurrence else [FieldError("ends_at", "say when it ends")]
    if ends_at >= LATEST:
        return [FieldError("ends_at", f"must be before {LATEST.year}")]
    return [] if ends_at > starts_at else [FieldError("ends_at", "must come after the start")]


def _complaints_of_recurrence(freeze: Freeze) -> list[FieldError]:
    try:
        zone_of(freeze.zone)
    except PayloadError as error:
        return [FieldError("zone", error.message)]
    if not freeze.recurrence:
        return []
    if freeze.duration is None:
        return [FieldError("duration", "say how long each time lasts")]
    try:
        parse_recurrence(
            freeze.recurrence, freeze.zone, freeze.starts_at, freeze.duration, freeze.ends_at
        )
    except PayloadError as error:
        return [FieldError("recurrence", error.message)]
    return []


def _complaints_of_exceptions(exceptions: Any) -> list[FieldError]:
    if not isinstance(exceptions, list) or len(exceptions) > MOST_EXCEPTIONS:
        return [FieldError("exceptions", f"a list of at most {MOST_EXCEPTIONS}")]
    for number, found in enumerate(exceptions, start=1):
        if not isinstance(found, dict) or not {"from", "until"} <= found.keys() <= {
            "from", "until", "reason",
        }:  # fmt: skip
            return [FieldError("exceptions", f"number {number} needs from and until")]
        try:
            start, end = (datetime.fromisoformat(found[name]) for name in ("from", "until"))
        except (TypeError, ValueError):
            return [FieldError("exceptions", f"number {number} has no times that can be read")]
        if start.tzinfo is None or end.tzinfo is None:
            return [FieldError("exceptions", f"number {number} has times without an offset")]
        if not EARLIEST <= start < end < LATEST:
            return [FieldError("exceptions", f"number {number} ends before it starts")]
        reason = found.get("reason", "")
        if reason != "" and not _is_text(reason, LONGEST_REASON):
            return [FieldError("exceptions", f"number {number} has a reason that is too long")]
    return []


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and "\0" not in value
