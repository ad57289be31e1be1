"""Silences are made, changed and ended here, by pages, API and files alike."""

from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from alerts.change.matching import complaint_of_match, same_match
from alerts.change.record import (
    State,
    check_columns,
    keep_version,
    record_ended,
    record_saved,
    save_row,
)
from alerts.models import Silence
from alerts.policy.states import silence_policy, silence_state
from opsportal.accounts.actors import PORTAL, Actor
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import EARLIEST, LATEST, format_duration
from opsportal.lib.windows import parse_recurrence, zone_of

_LONGEST_COMMENT_IN_NAME = 80


@transaction.atomic
def save_silence(silence: Silence, *, actor: Actor, now: datetime, author: str = "") -> bool:
    """Store a new or changed silence; whether anything was different.

    A change of what is silenced, or of times that have begun, ends the silence and makes another
    in its place; `silence` is that one then. `author` is who is said to have made it, where that is
    not who does. Raises PayloadError, ConflictError.
    """
    stored = None
    if silence.pk:
        stored = Silence.objects.select_for_update(of=("self",)).filter(pk=silence.pk).first()
    before = silence_state(stored) if stored else None
    _settle_start(silence, stored, now)
    silence.author = author[:200] or silence.author
    if before is not None and before == silence_state(silence):
        return False
    _check_silence(silence, now)
    if stored is not None and not _same_silence(stored, silence, now):
        _end(stored, actor=actor, now=now)
        before = None
        silence.pk, silence.uuid, silence._state.adding = None, uuid4(), True
        silence.noticed_at = silence.matched_at = silence.ended_at = None
    if before is None:
        silence.author, silence.user_id = (author or actor.name)[:200], actor.user_id
    elif stored is not None and stored.ends_at != silence.ends_at:
        silence.noticed_at = None
    silence.name = silence.name.strip() or _name_of(silence)
    _free_name(silence, now)
    check_columns(silence)
    save_row(silence)
    after = silence_state(silence)
    keep_version(silence, silence_policy(silence), actor=actor, now=now)
    record_saved(silence, before, after, actor=actor, now=now)
    return True


def check_silence(silence: Silence, *, now: datetime) -> None:
    """What saving it as a new one would refuse, and what it would bring into form."""
    _settle_start(silence, None, now)
    _check_silence(silence, now)


@transaction.atomic
def end_silence(silence: Silence, *, actor: Actor, now: datetime) -> bool:
    """End it now, or never let it begin; False when it was over before. It is kept."""
    stored = Silence.objects.select_for_update(of=("self",)).get(pk=silence.pk)
    ended = _end(stored, actor=actor, now=now)
    silence.ended_at, silence.version = stored.ended_at, stored.version
    return ended


@transaction.atomic
def close_silence(silence: Silence, *, now: datetime) -> None:
    """Write down that one whose time has run out is over, so that its name is free again."""
    stored = Silence.objects.select_for_update(of=("self",)).get(pk=silence.pk)
    if stored.ended_at is None and stored.over_at(now):
        before = silence_state(stored)
        stored.ended_at = stored.ends_at
        _write_end(stored, before, actor=PORTAL, now=now)


def _end(stored: Silence, *, actor: Actor, now: datetime) -> bool:
    if stored.over_at(now):
        return False
    before = silence_state(stored)
    stored.ended_at = now
    _write_end(stored, before, actor=actor, now=now)
    return True


def _write_end(stored: Silence, before: State, *, actor: Actor, now: datetime) -> None:
    stored.save(update_fields=["ended_at"])
    after = silence_state(stored)
    # It decides nothing any more: who asks for the policy of today need not read it.
    keep_version(stored, silence_policy(stored), actor=actor, now=now, removed=True)
    record_ended(stored, before, after, actor=actor, now=now)


def _settle_start(silence: Silence, stored: Silence | None, now: datetime) -> None:
    """What has begun has begun, and what comes once does not begin in the past.

    The start of a recurring one stays as given: it says at what time of day it comes.
    """
    if silence.recurrence or silence.starts_at > now:
        return
    begun = stored is not None and stored.starts_at <= now and not stored.over_at(now)
    kept = stored.starts_at if stored is not None and begun else now.replace(microsecond=0)
    silence.starts_at = kept


def _same_silence(stored: Silence, silence: Silence, now: datetime) -> bool:
    """Whether the change leaves what it has silenced so far as it was; as Alertmanager's."""
    if stored.over_at(now) or not same_match(stored.match, silence.match):
        return False
    if (stored.recurrence, stored.team_id) != (silence.recurrence, silence.team_id):
        return False
    return stored.starts_at == silence.starts_at or stored.starts_at > now


def _name_of(silence: Silence) -> str:
    """Part of the comment, and of the number that is nobody else's."""
    words = " ".join(silence.comment.split())[:_LONGEST_COMMENT_IN_NAME].strip()
    return f"{words} {silence.uuid.hex[:6]}"


def _free_name(silence: Silence, now: datetime) -> None:
    """A silence that is over gives its name to the next."""
    for other in Silence.objects.filter(name=silence.name, ended_at=None).exclude(pk=silence.pk):
        close_silence(other, now=now)


def _check_silence(silence: Silence, now: datetime) -> None:
    silence.recurrence = silence.recurrence.strip().upper().removeprefix("RRULE:")
    if not silence.recurrence:
        silence.duration = None
    errors = complaint_of_match(silence.match, "match", narrow=True)
    if not silence.comment.strip():
        errors.append(FieldError("comment", "say why nobody is to be told"))
    errors += _complaints_of_times(silence, now)
    if not errors and silence.recurrence:
        errors += _complaints_of_recurrence(silence)
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The silence is not right: {text}", errors)


def _complaints_of_times(silence: Silence, now: datetime) -> list[FieldError]:
    starts_at, ends_at = silence.starts_at, silence.ends_at
    if not EARLIEST <= starts_at < LATEST:
        return [FieldError("starts_at", f"give one from {EARLIEST.year} to {LATEST.year}")]
    if ends_at is None:
        return [] if silence.recurrence else [FieldError("ends_at", "say when it ends")]
    if ends_at >= LATEST:
        return [FieldError("ends_at", f"must be before {LATEST.year}")]
    if ends_at <= now:
        return [FieldError("ends_at", "must lie in the future")]
    if ends_at <= starts_at:
        return [FieldError("ends_at", "must come after the start")]
    longest = settings.SILENCE_LONGEST
    if not silence.recurrence and ends_at - starts_at > longest:
        message = f"at most {format_duration(longest)} after the start; longer ones are forgotten"
        return [FieldError("ends_at", message)]
    return []


def _complaints_of_recurrence(silence: Silence) -> list[FieldError]:
    if silence.duration is None:
        return [FieldError("duration", "say how long each time lasts")]
    if silence.end_when_unmatched:
        message = "a recurring silence comes again, whatever fires"
        return [FieldError("end_when_unmatched", message)]
    try:
        zone_of(silence.zone)
    except PayloadError as error:
        return [FieldError("zone", error.message)]
    try:
        parse_recurrence(
            silence.recurrence, silence.zone, silence.starts_at, silence.duration, silence.ends_at
        )
    except PayloadError as error:
        return [FieldError("recurrence", error.message)]
    return []
