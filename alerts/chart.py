"""Pairs of bars as numbers for an SVG: no script draws them, and they print."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 150
_LEFT, _BOTTOM, _TOP = 40, 20, 10
_WIDEST = 40


@dataclass(frozen=True, slots=True)
class Pair:
    """Two figures that stand side by side; `label` stands below, `title` is told on hovering."""

    first: int
    second: int
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A pair, drawn: two bars on one base line."""

    x: float
    second_x: float
    width: float
    first_y: float
    first_height: float
    second_y: float
    second_height: float
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing; `lines` are (y, figure) of the grid."""

    width: int
    height: int
    base: int
    left: int
    bars: Sequence[Bars]
    lines: Sequence[tuple[float, int]]
    empty: bool


def draw_pairs(pairs: Sequence[Pair]) -> Chart:
    """All on one scale, which ends at a round figure."""
    peak = max((max(pair.first, pair.second) for pair in pairs), default=0)
    top = _round_up(max(peak, 4))
    base = HEIGHT - _BOTTOM
    scale = (base - _TOP) / top
    slot = (WIDTH - _LEFT) / max(len(pairs), 1)
    width = round(min(slot * 0.38, _WIDEST), 1)
    bars = []
    for number, pair in enumerate(pairs):
        middle = _LEFT + (number + 0.5) * slot
        first, second = pair.first * scale, pair.second * scale
        bars.append(
            Bars(
                x=round(middle - width - 0.5, 1),
                second_x=round(middle + 0.5, 1),
                width=width,
                first_y=round(base - first, 1),
                first_height=round(first, 1),
                second_y=round(base - second, 1),
                second_height=round(second, 1),
                label=pair.label,
                title=pair.title,
            )
        )
    lines = [(round(base - part * top / 2 * scale, 1), part * top // 2) for part in (0, 1, 2)]
    return Chart(WIDTH, HEIGHT, base, _LEFT, bars, lines, empty=not peak)


def _round_up(figure: int) -> int:
    """The next 2, 4, 6 or 10 of the decade."""
    step = 1
    while True:
        for factor in (2, 4, 6, 10):
            if factor * step >= figure:
                return factor * step
        step *= 10
