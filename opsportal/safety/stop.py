"""The kill switch: a row that a person or key sets, and a file; either one stops everything."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from chronos.normalise import Change
from chronos.record import record_change
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.errors import ConflictError, ForbiddenError
from opsportal.safety.leash import lock_guard
from opsportal.safety.models import Operation, Stop
from opsportal.safety.record import State, move_operation

NOT_BEGUN = (State.PLANNED, State.WAITING, State.APPROVED)


@dataclass(frozen=True, slots=True)
class Stopped:
    """Who stopped everything, when and why; `file`: also or only by the file."""

    by: str
    why: str
    at: datetime | None
    file: bool = False
    switch: bool = False

    def __str__(self) -> str:
        return f"everything is stopped by {self.by}" + (f": {self.why}" if self.why else "")


def stop_file() -> Path:
    """While this file is there, nothing dangerous is done from this machine."""
    return Path(settings.DATA_DIR) / "STOP"


def read_stop() -> Stopped | None:
    """Whether everything is stopped; read anew each time. What cannot be read counts as a stop."""
    found = Stop.objects.filter(ended_at=None).first()
    file = _read_file()
    if found is None:
        return file
    return Stopped(found.stopped_by, found.why, found.stopped_at, file is not None, switch=True)


def _read_file() -> Stopped | None:
    path = stop_file()
    try:
        at = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Stopped(f"the file {path}", f"it cannot be looked for: {error}", None, file=True)
    try:
        with path.open(errors="replace") as opened:
            why = opened.readline(300).strip()
    except OSError:
        why = ""
    return Stopped(f"the file {path}", why, at, file=True)


def stop_everything(why: str, *, actor: Actor, now: datetime) -> Stop:
    """Pull the switch. What has not begun is over; what runs makes no further call."""
    with transaction.atomic():
        lock_guard()
        found = Stop.objects.filter(ended_at=None).first()
        if found is not None:
            return found
        why = " ".join(why.replace("\0", "").split())[:500]
        stop = Stop.objects.create(stopped_at=now, stopped_by=actor.name[:200], why=why)
        record_audit(actor, "stop everything", stop, after={"why": why}, now=now)
        _tell("stopped", f"{actor.name} stopped everything", why, actor, now)
        for operation in Operation.objects.select_for_update().filter(state__in=NOT_BEGUN):
            move_operation(operation, State.STOPPED, str(_as_read(stop)), actor=actor, now=now)
    return stop


def resume_everything(*, actor: Actor, now: datetime) -> Stop:
    """Arm again. Raises ConflictError when the switch is not pulled, ForbiddenError for keys.

    The file is not touched: who put it there takes it away.
    """
    if actor.key_id is not None:
        raise ForbiddenError("A key may stop everything, but only a person may resume.")
    with transaction.atomic():
        lock_guard()
        stop = Stop.objects.select_for_update().filter(ended_at=None).first()
        if stop is None:
            file = _read_file()
            text = f"only {file.by} stops: delete it" if file else "nothing is stopped"
            raise ConflictError(f"The kill switch is not pulled; {text}.")
        stop.ended_at, stop.ended_by = now, actor.name[:200]
        stop.save(update_fields=["ended_at", "ended_by"])
        record_audit(actor, "resume everything", stop, now=now)
        _tell("resumed", f"{actor.name} resumed everything", "", actor, now)
    return stop


def _as_read(stop: Stop) -> Stopped:
    return Stopped(stop.stopped_by, stop.why, stop.stopped_at)


def _tell(deed: str, summary: str, why: str, actor: Actor, now: datetime) -> None:
    change = Change(
        kind="killswitch",
        action=deed,
        title=f"{summary}: {why}" if why else summary,
        actor=actor.name,
        started_at=now,
        ended_at=now,
    )
    record_change(change, now=now)
