"""How soon it is: the groups of the wall, and words for what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from opsportal.lib.times import format_duration

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Urgency:
    """Those with `least` to `most` whole days left; None: no bound. `tone` is a severity."""

    slug: str
    title: str
    least: int | None
    most: int | None
    tone: str

    def bounds(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """From the one on, before the other."""
        return (
            None if self.least is None else now + self.least * _DAY,
            None if self.most is None else now + (self.most + 1) * _DAY,
        )

    @property
    def query(self) -> str:
        """What the list is asked for."""
        if self.least is None:
            return "state=expired"
        return f"min_days={self.least}" + ("" if self.most is None else f"&max_days={self.most}")


EXPIRED = Urgency("expired", "expired", None, -1, "critical")
URGENCIES: Sequence[Urgency] = (
    EXPIRED,
    Urgency("today", "within a day", 0, 0, "critical"),
    Urgency("week", "within 7 days", 1, 6, "high"),
    Urgency("fortnight", "within 14 days", 7, 13, "warning"),
    Urgency("month", "within 30 days", 14, 29, "low"),
    Urgency("quarter", "within 90 days", 30, 89, "info"),
    Urgency("later", "later", 90, None, "info"),
)


def urgency_of(not_after: datetime, now: datetime) -> Urgency:
    """The group that it is in."""
    if not_after < now:
        return EXPIRED
    days = (not_after - now).days
    return next(
        each
        for each in URGENCIES
        if each.least is not None
        and each.least <= days
        and (each.most is None or days <= each.most)
    )


def days_left(not_after: datetime, now: datetime) -> int:
    """Whole days, rounded down: below 0 once it has expired."""
    return (not_after - now).days


def say_left(not_after: datetime, now: datetime) -> str:
    """`in 12 days`, `in 5h 3m`, `3 days ago`; by the minute, so that pages stay the same."""
    apart = abs(not_after - now)
    if apart >= 2 * _DAY:
        words = f"{apart.days:,} days"
    elif apart < timedelta(minutes=1):
        words = "a minute"
    else:
        words = format_duration(timedelta(minutes=int(apart.total_seconds() // 60)))
    return f"{words} ago" if not_after < now else f"in {words}"
