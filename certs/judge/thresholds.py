"""When an expiry is worth telling of: shares of a lifetime with floors, or days. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.normalise import SEVERITIES, SEVERITY_RANK
from certs.judge.verdict import Crossed
from opsportal.lib.durations import parse_duration, write_duration
from opsportal.lib.errors import FieldError, PayloadError

# ACME clients renew at a third; what was renewed later than at a quarter has missed its time.
# Critical is never later than a day before the end, or the floor's share of a shorter life.
USUAL: Sequence[Mapping[str, Any]] = (
    {"severity": "warning", "ratio": 0.25},
    {"severity": "high", "ratio": 0.15},
    {"severity": "critical", "ratio": 0.05, "floor": "24h"},
)
# For those who count in days: of lives from 90 days on.
DAYS: Sequence[Mapping[str, Any]] = (
    {"severity": "low", "days": 30},
    {"severity": "warning", "days": 14},
    {"severity": "high", "days": 7},
    {"severity": "critical", "days": 3},
    {"severity": "critical", "days": 1},
)
# A floor counts up to this share of a lifetime: else what lives for an hour would always be below.
FLOOR_SHARE = 0.15
# Days count where they are no more than this share: 30 of 90, not of 47.
DAYS_SHARE = 1 / 3
MOST = 20
_KEYS = {"severity", "ratio", "floor", "days"}


@dataclass(frozen=True, slots=True)
class Threshold:
    """Crossed when less than `ratio` of the lifetime is left, or less than the floor; or `days`."""

    severity: str
    ratio: float = 0.0
    floor: timedelta = timedelta(0)
    days: float = 0.0

    @property
    def name(self) -> str:
        """Such as `5%`, `5% or 1d`, `14d`."""
        if self.days:
            return f"{self.days:g}d"
        share = f"{self.ratio * 100:g}%" if self.ratio else ""
        floor = write_duration(self.floor) if self.floor else ""
        return " or ".join(part for part in (share, floor) if part)

    def left_of(self, lifetime: timedelta) -> timedelta | None:
        """How much is left when it is crossed; None: it is not for such a lifetime."""
        if self.days:
            days = timedelta(days=self.days)
            return days if days <= lifetime * DAYS_SHARE else None
        return max(lifetime * self.ratio, min(self.floor, lifetime * FLOOR_SHARE))


def read_thresholds(given: object) -> tuple[Threshold, ...]:
    """Of a policy's JSON; none: the usual ones. Raises PayloadError."""
    if not isinstance(given, list | tuple):
        raise _wrong("a list of thresholds")
    if len(given) > MOST:
        raise _wrong(f"at most {MOST} thresholds")
    found = tuple(_read(each) for each in (given or USUAL))
    names = [each.name for each in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise _wrong(f"{twice} is there twice")
    return found


def _read(given: object) -> Threshold:
    if not isinstance(given, Mapping) or not given.keys() <= _KEYS:
        raise _wrong("each is {severity, ratio, floor} or {severity, days}")
    severity = given.get("severity")
    if severity not in SEVERITIES:
        raise _wrong(f"severity is one of {', '.join(SEVERITIES)}")
    ratio, days = given.get("ratio"), given.get("days")
    if days is not None:
        if ratio is not None or given.get("floor") is not None:
            raise _wrong("days go without ratio and floor")
        return Threshold(severity, days=_number(days, "days", 3650))
    floor = _floor(given.get("floor"))
    if ratio is None and not floor:
        raise _wrong("say a ratio, a floor, or days")
    return Threshold(severity, 0.0 if ratio is None else _number(ratio, "ratio", 1), floor)


def _number(given: object, name: str, most: float) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= most:
        raise _wrong(f"{name} is a number above 0, up to {most}")
    return float(given)


def _floor(given: object) -> timedelta:
    if given is None or given == "":
        return timedelta(0)
    if not isinstance(given, str):
        raise _wrong("floor is a duration, such as 24h")
    try:
        return parse_duration(given)
    except PayloadError as error:
        raise _wrong(f"floor: {error.message}") from error


def _wrong(message: str) -> PayloadError:
    return PayloadError(f"thresholds: {message}", [FieldError("thresholds", message)])


def due_times(
    thresholds: Iterable[Threshold], not_before: datetime, not_after: datetime
) -> list[tuple[datetime, Threshold]]:
    """When each is crossed, the first first; without those that are not for such a lifetime."""
    lifetime = max(not_after - not_before, timedelta(0))
    found = [(left, each) for each in thresholds if (left := each.left_of(lifetime)) is not None]
    # Not before it began, which keeps hostile dates within the calendar.
    return sorted(
        ((max(not_before, not_after - min(left, lifetime)), each) for left, each in found),
        key=lambda pair: (pair[0], SEVERITY_RANK[pair[1].severity]),
    )


def crossings(
    thresholds: Iterable[Threshold],
    not_before: datetime,
    not_after: datetime,
    now: datetime,
    policy: str = "",
) -> tuple[tuple[Crossed, ...], datetime | None]:
    """What is crossed, the first first; and when time alone changes that next.

    No horizon: what fell due while nobody looked is crossed all the same.
    """
    if now < not_before:
        return (), not_before
    times = due_times(thresholds, not_before, not_after)
    crossed = tuple(
        Crossed(each.name, each.severity, at, policy) for at, each in times if at <= now
    )
    coming = [at for at, _ in times if at > now] + ([not_after] if not_after > now else [])
    return crossed, min(coming, default=None)


def most_urgent(crossed: Sequence[Crossed]) -> Crossed:
    """The worst; of those that are alike the latest."""
    return max(crossed, key=lambda each: (SEVERITY_RANK[each.severity], each.due_at))
