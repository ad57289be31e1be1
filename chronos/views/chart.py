"""The histogram as numbers for an SVG: no script draws it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chronos.histogram import Histogram, start_of_slot
from chronos.overlay import Mark
from chronos.views.kinds import ALL, group_of
from chronos.views.window import interval
from opsportal.lib.times import format_duration

WIDTH, HEIGHT = 1200, 120
_GAP = 0.12
# Higher than nothing, so that one change beside a thousand is seen.
_LEAST = 2.0
_TICKS = 10
_STEPS = (
    *(timedelta(seconds=seconds) for seconds in (5, 10, 30)),
    *(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 4, 8, 16, 32, 64, 128, 365, 1460, 3650)),
)


@dataclass(frozen=True, slots=True)
class Part:
    """The changes of one group in one slot."""

    group: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One slot; `zoom` are the parameters that show it alone."""

    x: float
    width: float
    parts: Sequence[Part]
    title: str
    zoom: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tick:
    """A word at the axis; `at` is percent of the width."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Stripe:
    """A mark of an overlay; `left` and `width` are percent."""

    left: str
    width: str
    mark: Mark
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing; `step` and the ends of it in seconds since 1970, for whoever drags over it."""

    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    peak: int
    total: int
    step: int
    since: int
    until: int
    width: int = WIDTH
    height: int = HEIGHT


def draw_chart(histogram: Histogram) -> Chart:
    """Bars of stacked groups, on one scale."""
    since, until, width = histogram.since, histogram.until, histogram.width
    slots: dict[datetime, Counter[str]] = {}
    for (start, kind), count in histogram.counts.items():
        slots.setdefault(start, Counter())[kind] += count
    peak = max((kinds.total() for kinds in slots.values()), default=0)
    scale = WIDTH / (until - since).total_seconds()
    bars = []
    for start, kinds in sorted(slots.items()):
        # The slots at the ends may be cut.
        first, last = max(start, since), min(start + width, until)
        room = (last - first).total_seconds() * scale
        bars.append(
            Bar(
                x=round((first - since).total_seconds() * scale + room * _GAP / 2, 2),
                width=round(room * (1 - _GAP), 2),
                parts=_stack(kinds, (HEIGHT - 2) / max(peak, 1)),
                title=f"{_when(first, last)}: {_words(kinds)}",
                zoom=interval(first, last) if last - first > timedelta(seconds=1) else {},
            )
        )
    return Chart(
        bars=bars,
        ticks=draw_ticks(since, until),
        peak=peak,
        total=sum(kinds.total() for kinds in slots.values()),
        step=int(width.total_seconds()),
        since=int(since.timestamp()),
        until=int(until.timestamp()),
    )


def draw_ticks(since: datetime, until: datetime) -> list[Tick]:
    """Words at round instants, a handful."""
    span = until - since
    step = next((step for step in _STEPS if span <= step * _TICKS), _STEPS[-1])
    form = "%H:%M:%S" if step < timedelta(minutes=1) else "%H:%M"
    ticks = []
    # A word is as wide as that and would be cut off at either end.
    margin = span / 40
    instant = start_of_slot(since, step)
    while instant < until - margin:
        if instant > since + margin:
            midnight = instant.hour == instant.minute == instant.second == 0
            text = _day(instant, step) if midnight else f"{instant:{form}}"
            ticks.append(Tick(percent(instant - since, span), text))
        instant += step
    return ticks


def draw_stripes(marks: Sequence[Mark], since: datetime, until: datetime) -> list[Stripe]:
    """What overlays know of the interval, for a line below the bars."""
    return [draw_stripe(mark, since, until) for mark in marks]


def draw_stripe(mark: Mark, since: datetime, until: datetime) -> Stripe:
    """The part of the mark that lies within."""
    start, end = max(mark.start, since), min(mark.end or until, until)
    lasted = format_duration(mark.end - mark.start) if mark.end else "open"
    return Stripe(
        percent(start - since, until - since),
        percent(max(end - start, timedelta(0)), until - since),
        mark,
        f"{mark.severity}: {mark.title} ({mark.start:%Y-%m-%d %H:%M} UTC, {lasted})",
    )


def percent(part: timedelta, whole: timedelta) -> str:
    """As CSS writes it."""
    return f"{min(max(part / whole, 0.0), 1.0) * 100:.3f}"


def _stack(kinds: Mapping[str, int], scale: float) -> list[Part]:
    groups: Counter[str] = Counter()
    for kind, count in kinds.items():
        groups[group_of(kind)] += count
    parts, top = [], float(HEIGHT)
    for group in ALL:
        if groups[group]:
            height = max(groups[group] * scale, _LEAST)
            top -= height
            parts.append(Part(group, round(top, 2), round(height, 2)))
    return parts


def _when(first: datetime, last: datetime) -> str:
    form = "%H:%M:%S" if last - first < timedelta(minutes=1) else "%H:%M"
    until = f"{last:%Y-%m-%d {form}}" if last.date() != first.date() else f"{last:{form}}"
    return f"{first:%Y-%m-%d {form}} to {until} UTC"


def _words(kinds: Counter[str]) -> str:
    shown = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
    return shown + (" and others" if len(kinds) > 5 else "")


def _day(instant: datetime, step: timedelta) -> str:
    day = f"{instant:%b} {instant.day}"
    return f"{day}, {instant.year}" if step >= timedelta(days=30) else day
