"""Blackouts of Alerta are silences."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from alerts.change import end_silence, save_silence
from alerts.formats.alerta.blackouts import (
    Blackout,
    blackout_of,
    match_of,
    read_blackout,
    read_times,
)
from alerts.formats.alerta.body import Json, text_of
from alerts.models import Silence
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import ForbiddenError, NotFoundError

Found = tuple[Silence, Blackout]
MOST_LISTED = 1000
_LONGEST_TEXT = 1000
_NO_TEXT = "Blackout of Alerta"


def list_blackouts() -> Sequence[Found]:
    """Those that are not over, or have only just run out; of other silences none."""
    rows = Silence.objects.filter(recurrence="", ended_at=None).order_by("id")
    found = [(silence, blackout_of(silence.match)) for silence in rows[:MOST_LISTED]]
    return [(silence, blackout) for silence, blackout in found if blackout is not None]


def find_blackout(number: str) -> Found:
    """The silence of that number, which may be over. Raises NotFoundError."""
    try:
        silence = Silence.objects.filter(uuid=UUID(number)).first()
    except ValueError:
        silence = None
    blackout = blackout_of(silence.match) if silence else None
    if silence is None or blackout is None:
        raise NotFoundError("not found")
    return silence, blackout


def make_blackout(given: Json, *, actor: Actor, team_id: int | None, now: datetime) -> Found:
    """A new one. A team's is for its alerts and those of no team. Raises PayloadError."""
    blackout = read_blackout(given)
    starts_at, ends_at = read_times(given, now)
    silence = Silence(
        match=match_of(blackout),
        starts_at=starts_at,
        ends_at=ends_at,
        comment=text_of(given, "text", _LONGEST_TEXT) or _NO_TEXT,
        team_id=team_id,
    )
    save_silence(silence, actor=actor, now=now)
    return silence, blackout


def change_blackout(
    number: str, given: Json, *, actor: Actor, team_id: int | None, now: datetime
) -> Found:
    """What is named of it; what it is about is another silence's, which has another number.

    Raises NotFoundError, ForbiddenError, PayloadError.
    """
    silence, blackout = find_blackout(number)
    _require(silence, team_id)
    known = {name: getattr(blackout, name) for name in blackout.__struct_fields__}
    asked = {name: value for name, value in given.items() if name in known}
    if asked.get("environment") is None:
        asked.pop("environment", None)
    changed = read_blackout({**known, **asked})
    silence.match = match_of(changed)
    times = {name: given.get(name) for name in ("startTime", "endTime", "duration")}
    if any(times.values()):
        starts_at, ends_at = read_times(times, silence.starts_at)
        only_start = not (times["endTime"] or times["duration"])
        silence.starts_at = starts_at
        silence.ends_at = silence.ends_at if only_start else ends_at
    silence.comment = text_of(given, "text", _LONGEST_TEXT) or silence.comment
    save_silence(silence, actor=actor, now=now)
    return silence, changed


def end_blackout(number: str, *, actor: Actor, team_id: int | None, now: datetime) -> None:
    """It is over; one that was stays so. Raises NotFoundError, ForbiddenError."""
    silence, _ = find_blackout(number)
    _require(silence, team_id)
    end_silence(silence, actor=actor, now=now)


def _require(silence: Silence, team_id: int | None) -> None:
    if team_id is not None and silence.team_id != team_id:
        raise ForbiddenError("This blackout is another team's.")
