"""Alerta's alarm model, as values: severities, statuses, trend, transitions.

Source: alerta 9.1 (alerta/models/alarms/alerta.py, alerta/models/enums.py).
"""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from opsportal.lib.errors import ConflictError

# Severity -> code; the lower, the worse. Three names of the normal level.
SEVERITIES: Mapping[str, int] = MappingProxyType(
    {
        "security": 0, "critical": 1, "major": 2, "minor": 3, "warning": 4, "indeterminate": 5,
        "informational": 6, "normal": 7, "ok": 7, "cleared": 7, "debug": 8, "trace": 9,
        "unknown": 10,
    }
)  # fmt: skip
NORMAL, INFORMATIONAL, INDETERMINATE = "normal", "informational", "indeterminate"
# What the gateway takes them for. What is worse there is never better here.
OURS: Mapping[str, str] = MappingProxyType(
    {
        "security": "critical", "critical": "critical", "major": "high", "minor": "warning",
        "warning": "warning", "indeterminate": "low", "informational": "info", "normal": "info",
        "ok": "info", "cleared": "info", "debug": "info", "trace": "info", "unknown": "info",
    }
)  # fmt: skip

OPEN, ASSIGN, ACK, SHELVED = "open", "assign", "ack", "shelved"
BLACKOUT, CLOSED, EXPIRED, UNKNOWN = "blackout", "closed", "expired", "unknown"
# Status -> the letter that sorts it.
STATUSES: Mapping[str, str] = MappingProxyType(
    {
        OPEN: "A", ASSIGN: "B", ACK: "C", SHELVED: "D", BLACKOUT: "E", CLOSED: "F", EXPIRED: "G",
        UNKNOWN: "H",
    }
)  # fmt: skip
OVER = (CLOSED, EXPIRED)
# Still firing, and nobody has it.
UNTAKEN = (OPEN, ASSIGN, BLACKOUT, UNKNOWN)

ACTIONS = (
    "open", "assign", "ack", "unack", "shelve", "unshelve", "close", "expired", "timeout",
)  # fmt: skip
_MOVES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        (OPEN, "ack"): ACK,
        (OPEN, "shelve"): SHELVED,
        (OPEN, "close"): CLOSED,
        (ACK, "open"): OPEN,
        (ACK, "shelve"): SHELVED,
        (ACK, "close"): CLOSED,
        (SHELVED, "open"): OPEN,
        (SHELVED, "close"): CLOSED,
        (BLACKOUT, "close"): CLOSED,
        (CLOSED, "open"): OPEN,
    }
)
_ALREADY = {(OPEN, "open"), (ACK, "ack"), (SHELVED, "shelve"), (CLOSED, "close")}
_INVALID = {(SHELVED, "ack"), (CLOSED, "ack"), (CLOSED, "shelve")}
_UNDOES = {"unack": ACK, "unshelve": SHELVED}

MORE_SEVERE, NO_CHANGE, LESS_SEVERE = "moreSevere", "noChange", "lessSevere"


class Standing(Struct, frozen=True):
    """How an alert stands, and stood before."""

    severity: str
    status: str
    previous_severity: str = INDETERMINATE
    previous_status: str = OPEN


def is_normal(severity: str) -> bool:
    """Whether nothing is wrong."""
    return SEVERITIES[severity] == SEVERITIES[NORMAL]


def trend(previous: str, current: str) -> str:
    """Whether it got worse."""
    was, now = SEVERITIES[previous], SEVERITIES[current]
    if was > now:
        return MORE_SEVERE
    return LESS_SEVERE if was < now else NO_CHANGE


def transition(standing: Standing, *, action: str = "", given: str = OPEN) -> tuple[str, str]:
    """Severity and status from now on, of an operator's action or of what was received.

    `given` is the status that the sender set, if it did. Raises ConflictError for an action that
    the status does not allow.
    """
    severity = standing.severity
    if action and action not in ACTIONS:
        return severity, standing.status
    if not action and given != OPEN:
        return (NORMAL, CLOSED) if is_normal(severity) else (severity, given)
    if action in _UNDOES:
        if standing.status != _UNDOES[action]:
            raise _invalid(standing)
        return severity, standing.previous_status
    if action == "expired":
        return severity, EXPIRED
    if action == "timeout":
        return severity, ACK if standing.previous_status == ACK else OPEN
    return _moved(standing, action) or _followed(standing, action)


def _moved(standing: Standing, action: str) -> tuple[str, str] | None:
    """What the operator asks for; None where the severity decides."""
    move = (standing.status, action)
    if move in _ALREADY:
        raise ConflictError(f"alert is already in {standing.status} status")
    if move in _INVALID:
        raise _invalid(standing)
    status = _MOVES.get(move)
    if status is None:
        return None
    if status == CLOSED:
        return NORMAL, CLOSED
    return standing.previous_severity if standing.status == CLOSED else standing.severity, status


def _followed(standing: Standing, action: str) -> tuple[str, str]:
    """What the severity leads to."""
    severity, status = standing.severity, standing.status
    previous = standing.previous_severity
    if status == BLACKOUT:
        if standing.previous_status != BLACKOUT:
            return severity, standing.previous_status
        return severity, status if action else OPEN
    if status == CLOSED and not is_normal(severity):
        return previous, SHELVED if standing.previous_status == SHELVED else OPEN
    # Not because it has no severity before.
    rises = previous != INDETERMINATE and trend(previous, severity) == MORE_SEVERE
    if status == ACK and rises:
        return severity, OPEN
    if is_normal(severity):
        return NORMAL, CLOSED
    if status == EXPIRED:
        if action not in ("", "open"):
            raise _invalid(standing)
        return severity, OPEN
    return severity, status


def _invalid(standing: Standing) -> ConflictError:
    return ConflictError(f"invalid action for current {standing.status} status")
