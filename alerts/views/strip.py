"""The episodes of one key as a strip of 30 days: numbers for an SVG, no script draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from alerts.models import Alert
from opsportal.lib.times import format_duration

SPAN = timedelta(days=30)
WIDTH, HEIGHT = 900, 46
_BASE, _BAR = 30, 22
_LEAST = 3.0
MOST = 300


@dataclass(frozen=True, slots=True)
class Bar:
    """One episode."""

    x: float
    width: float
    severity: str
    href: str
    title: str
    here: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """The drawing; `days` are (x, text) of the axis."""

    width: int
    height: int
    base: int
    bar: int
    bars: Sequence[Bar]
    days: Sequence[tuple[float, str]]
    capped: bool


def draw_strip(alert: Alert, now: datetime) -> Strip:
    """The key's episodes in the 30 days that end now, or that hold this one."""
    end = now if now - alert.starts_at < SPAN else (alert.resolved_at or now)
    end = min(max(end, alert.starts_at), now) if end < now else now
    begin = end - SPAN
    found = Alert.objects.filter(
        Q(resolved_at=None) | Q(resolved_at__gte=begin),
        dedup_key=alert.dedup_key,
        starts_at__lte=end,
    ).order_by("-id")
    rows = list(found.values("id", "severity", "starts_at", "resolved_at")[:MOST])
    scale = WIDTH / SPAN.total_seconds()
    bars = []
    for row in reversed(rows):
        start, over = max(row["starts_at"], begin), min(row["resolved_at"] or end, end)
        width = max((over - start).total_seconds() * scale, _LEAST)
        x = min((start - begin).total_seconds() * scale, WIDTH - width)
        lasted = format_duration((row["resolved_at"] or now) - row["starts_at"])
        still = "" if row["resolved_at"] else " so far"
        bars.append(
            Bar(
                x=round(x, 1),
                width=round(width, 1),
                severity=row["severity"],
                href=f"/alerts/{row['id']}/",
                title=f"{row['severity']}, {row['starts_at']:%Y-%m-%d %H:%M} UTC, {lasted}{still}",
                here=row["id"] == alert.pk,
            )
        )
    return Strip(WIDTH, HEIGHT, _BASE, _BAR, bars, _days(begin, end, scale), len(rows) >= MOST)


def _days(begin: datetime, end: datetime, scale: float) -> list[tuple[float, str]]:
    """Every fifth midnight."""
    day = begin.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    days = []
    while day <= end:
        days.append((round((day - begin).total_seconds() * scale, 1), f"{day:%b} {day.day}"))
        day += timedelta(days=5)
    return days
