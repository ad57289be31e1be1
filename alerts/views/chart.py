"""The 24-hour chart as numbers for an SVG: no script draws it, and it prints."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.overview import Hour

WIDTH, HEIGHT = 720, 150
_LEFT, _BOTTOM, _TOP = 34, 18, 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour: two bars on one base line."""

    x: float
    width: float
    received_y: float
    received_height: float
    told_x: float
    told_y: float
    told_height: float
    hour: Hour
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing; `lines` are (y, figure) of the grid."""

    width: int
    height: int
    base: int
    left: int
    bars: Sequence[Bar]
    lines: Sequence[tuple[float, int]]
    empty: bool


def draw_hours(hours: Sequence[Hour]) -> Chart:
    """Received against told, an hour a pair of bars."""
    peak = max((max(hour.episodes, hour.told) for hour in hours), default=0)
    top = _round_up(max(peak, 4))
    base = HEIGHT - _BOTTOM
    scale = (base - _TOP) / top
    slot = (WIDTH - _LEFT) / max(len(hours), 1)
    width = round(slot * 0.36, 1)
    bars = []
    for number, hour in enumerate(hours):
        x = _LEFT + number * slot + slot * 0.1
        received, told = hour.episodes * scale, hour.told * scale
        bars.append(
            Bar(
                x=round(x, 1),
                width=width,
                received_y=round(base - received, 1),
                received_height=round(received, 1),
                told_x=round(x + width + 1, 1),
                told_y=round(base - told, 1),
                told_height=round(told, 1),
                hour=hour,
                label=f"{hour.start:%H}" if hour.start.hour % 3 == 0 else "",
            )
        )
    lines = [(round(base - part * top / 2 * scale, 1), part * top // 2) for part in (0, 1, 2)]
    return Chart(WIDTH, HEIGHT, base, _LEFT, bars, lines, empty=not peak)


def _round_up(figure: int) -> int:
    """The next 1, 2, 4 or 6 of the decade, an even number."""
    step = 1
    while True:
        for factor in (2, 4, 6, 10):
            if factor * step >= figure:
                return factor * step
        step *= 10
