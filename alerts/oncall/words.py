"""How files and forms write what belongs to schedules and policies."""

import re
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Model

from alerts.models import Channel, EscalationTarget, Layer, Schedule
from opsportal.accounts.models import Team, User
from opsportal.lib.errors import PayloadError

_ROTATION = re.compile(r"(\d{1,4})\s*([hdw])", re.ASCII)
_UNITS = {"h": Layer.Unit.HOURS, "d": Layer.Unit.DAYS, "w": Layer.Unit.WEEKS}
_LETTERS = {unit: letter for letter, unit in _UNITS.items()}
_WALL = "%Y-%m-%d %H:%M"
TARGETS: dict[str, tuple[type[Model], str]] = {
    "schedule": (Schedule, "name"),
    "user": (User, "username"),
    "channel": (Channel, "name"),
    "team": (Team, "name"),
}


def parse_rotation(text: str) -> tuple[int, str]:
    """Number and unit of a turn: `1w`, `3d`, `12h`. Raises PayloadError."""
    found = _ROTATION.fullmatch(text.strip().lower())
    if not found:
        raise PayloadError(f"{text[:60]!r} is no length of a turn; write 12h, 1d or 1w")
    return int(found[1]), _UNITS[found[2]]


def write_rotation(length: int, unit: str) -> str:
    """As `parse_rotation` reads it."""
    return f"{length}{_LETTERS[Layer.Unit(unit)]}"


def parse_wall(text: str) -> datetime:
    """The time on a wall: `2026-01-05 09:00`, without a zone. Raises PayloadError."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or not 1970 <= found.year < 2200:
        raise PayloadError(
            f"{text[:60]!r} is no wall time; write 2026-01-05 09:00, in the schedule's zone"
        )
    return found.replace(second=0, microsecond=0)


def write_wall(wall: datetime) -> str:
    """As `parse_wall` reads it."""
    return wall.strftime(_WALL)


def find_people(names: Sequence[str]) -> list[User]:
    """The people of these usernames, in their order. Raises PayloadError that names a stranger."""
    found = {user.get_username(): user for user in User.objects.filter(username__in=names)}
    for name in names:
        if name not in found:
            raise PayloadError(f"there is no user {name[:100]!r}")
    return [found[name] for name in names]


def find_target(kind: str, name: str) -> EscalationTarget:
    """Whom a step is to tell, not stored yet. Raises PayloadError."""
    if kind not in TARGETS:
        raise PayloadError(f"{kind[:60]!r} is none of {', '.join(TARGETS)}")
    model, column = TARGETS[kind]
    found = model._default_manager.filter(**{column: name}).first()
    if found is None:
        raise PayloadError(f"there is no {kind} {name[:100]!r}")
    return EscalationTarget(**{kind: found})
