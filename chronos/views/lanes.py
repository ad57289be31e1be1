"""Changes side by side as bars: one lane for each service or environment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chronos.models import ChangeEvent
from chronos.normalise import PLANNED
from chronos.overlay import Mark
from chronos.views.chart import Stripe, draw_stripe, percent
from chronos.views.kinds import group_of
from chronos.views.window import Window
from opsportal.lib.times import format_duration

SUBJECTS = ("service", "environment")
# Of a page: more bars or lanes than that are no picture.
MOST_BARS, MOST_LANES = 400, 40
_MOST_ROWS = 6
# Parts of the width: what a bar takes at least, and from which on it has room for words.
_LEAST, _ROOMY = 0.006, 0.07


@dataclass(frozen=True, slots=True)
class Bar:
    """One change; `left` and `width` are percent, `row` counts from above."""

    event: ChangeEvent
    left: str
    width: str
    row: int
    look: str
    words: str
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """What happened to one service or environment, and the alerts beside it."""

    name: str
    bars: Sequence[Bar]
    rows: int
    stripes: Sequence[Stripe]


@dataclass(frozen=True, slots=True)
class Lanes:
    """The picture; `stripes` are the alerts that are in no lane, `left_out` lanes not shown."""

    lanes: Sequence[Lane]
    stripes: Sequence[Stripe]
    left_out: int


def draw_lanes(
    events: Iterable[ChangeEvent],
    marks: Iterable[Mark],
    subject: str,
    window: Window,
    *,
    now: datetime,
) -> Lanes:
    """The lanes, the busiest first; what is of none comes last."""
    grouped: dict[str, list[ChangeEvent]] = {}
    for event in events:
        grouped.setdefault(getattr(event, subject), []).append(event)
    names = sorted(grouped, key=lambda name: (name == "", -len(grouped[name]), name))
    stripes: dict[str, list[Stripe]] = {name: [] for name in names[:MOST_LANES] if name}
    others: list[Stripe] = []
    for mark in marks:
        stripe = draw_stripe(mark, window.since, window.until)
        stripes.get(getattr(mark, subject), others).append(stripe)
    lanes = []
    for name in names[:MOST_LANES]:
        bars, rows = _pack(grouped[name], window, now)
        lanes.append(Lane(name, bars, rows, stripes.get(name, ())))
    return Lanes(lanes, others, max(len(names) - MOST_LANES, 0))


def _pack(events: Sequence[ChangeEvent], window: Window, now: datetime) -> tuple[list[Bar], int]:
    """Bars that overlap stand below each other; the last row takes what is left."""
    least = window.span * _LEAST
    free: list[datetime] = []
    bars = []
    for event in sorted(events, key=lambda event: (event.started_at, event.pk)):
        start = max(event.started_at, window.since)
        end = min(max(_end(event, now), start), window.until)
        row = next((row for row, until in enumerate(free) if until <= start), len(free))
        row = min(row, _MOST_ROWS - 1)
        taken = max(end, start + least)
        if row == len(free):
            free.append(taken)
        else:
            free[row] = max(free[row], taken)
        bars.append(_bar(event, start, end, row, window))
    return bars, len(free)


def _end(event: ChangeEvent, now: datetime) -> datetime:
    """Of what is under way: now; of what is planned: when it is expected to be over."""
    if event.ended_at is not None:
        return event.ended_at
    if event.status == PLANNED:
        return event.expected_end_at or event.started_at
    return now


def _bar(event: ChangeEvent, start: datetime, end: datetime, row: int, window: Window) -> Bar:
    part = (end - start) / window.span
    return Bar(
        event=event,
        left=percent(start - window.since, window.span),
        width=percent(end - start, window.span),
        row=row,
        look=f"kind-{group_of(event.kind)} is-{event.status}",
        words=(event.version or event.title) if part >= _ROOMY else "",
        title=_title(event),
    )


def _title(event: ChangeEvent) -> str:
    facts = [event.what, event.status]
    if event.ended_at is None:
        facts.append(f"since {event.started_at:%Y-%m-%d %H:%M} UTC")
    else:
        facts.append(f"{event.started_at:%Y-%m-%d %H:%M} UTC")
        if event.ended_at - event.started_at >= timedelta(seconds=1):
            facts.append(format_duration(event.ended_at - event.started_at))
    return f"{event.title} ({', '.join(facts)})"


def lanes_by(params: Mapping[str, str]) -> str:
    """What the URL asks for lanes of; empty for the list."""
    if params.get("view") != "lanes":
        return ""
    asked = params.get("by", "")
    return asked if asked in SUBJECTS else SUBJECTS[0]
