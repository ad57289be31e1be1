"""The page's URL as a question: its words, and what was chosen beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from chronos.ask.answer import Answer, answer_question, nothing_found
from chronos.ask.ask import Asked, read_here
from chronos.ask.describe import show_reading
from chronos.ask.reading import Filter, Interval, Reading, Shape
from chronos.ask.resolve import References
from chronos.ask.resolve import Window as AskedWindow
from chronos.ask.select import query_of
from chronos.ask.write import write_question
from chronos.models import ChangeEvent
from chronos.search import LISTS, EventQuery
from chronos.views.window import Window, exact_window, read_window

# Of a question about a moment, the changes before it are shown.
_BEFORE, _AFTER = timedelta(hours=3), timedelta(minutes=15)
_NOW = timedelta(seconds=1)
Params = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Question:
    """What the page shows; `asked` is None where there are no words.

    `others` are more times that the words mean: a freeze may have been often. `said` are the lists
    that the words ask for, each with the question without it.
    """

    query: EventQuery
    window: Window
    asked: Asked | None = None
    others: Sequence[Window] = ()
    # Which of the changes within are meant; None: all.
    concerns: Callable[[ChangeEvent], bool] | None = None
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def limit(self) -> int | None:
        """The newest so many are asked for."""
        return self.asked.reading.limit if self.asked else None

    def unanswered(self, now: datetime) -> Asked | None:
        """With what may help, where no change was found; other shapes answer for it."""
        if self.asked is None or self.asked.reading.shape is not Shape.LIST:
            return self.asked
        help_for = nothing_found(self.asked.reading, now)
        answer = replace(self.asked.answer, wider=help_for.wider, silent=help_for.silent)
        return replace(self.asked, answer=answer)


def read_page(params: Params, *, now: datetime) -> Question:
    """What the URL asks; the interval and the lists in it go before the words.

    Raises PayloadError, NotFoundError.
    """
    words = " ".join(params.get("q", ()))
    ends = {name: values[0] for name in ("since", "until") if (values := params.get(name))}
    lists = {name: tuple(values) for name in LISTS if (values := params.get(name))}
    if not words:
        window = read_window(ends, now=now)
        asked: dict[str, Any] = lists
        return Question(EventQuery(**asked, since=window.since, until=window.until), window)
    chosen = read_window(ends, now=now) if ends else None
    reading, zone = read_here(words, now=now)
    reading = _with_choices(reading, lists, chosen)
    references = References(reading, now)
    windows = references.windows()
    answer = Answer(reading)
    if reading.shape is not Shape.LIST:
        answer = answer_question(reading, now=now, zone=zone)
    shown = [_window(window.since, window.until, now) for window in windows]
    window = chosen or (shown[0] if shown else _around(answer.moments, now))
    return Question(
        query=query_of(reading, AskedWindow(window.since, window.until)),
        window=window,
        asked=Asked(reading, zone, show_reading(reading, zone), answer),
        others=shown[1:],
        concerns=windows[0].concerns if windows and not chosen else None,
        said={
            made.field: write_question(_without(reading, made))
            for made in reading.filters
            if made.op == "=" and made.field not in lists
        },
    )


def _without(reading: Reading, made: Filter) -> Reading:
    return replace(reading, filters=tuple(other for other in reading.filters if other != made))


def _with_choices(
    reading: Reading, lists: Mapping[str, tuple[str, ...]], chosen: Window | None
) -> Reading:
    """The reading as if what was chosen had been said."""
    kept = [made for made in reading.filters if made.field not in lists]
    more = [Filter(name, "=", values) for name, values in lists.items()]
    reading = replace(reading, filters=(*kept, *more))
    if chosen and reading.interval:
        return replace(reading, interval=Interval(chosen.since, chosen.until))
    return reading


def _window(since: datetime, until: datetime, now: datetime) -> Window:
    return replace(exact_window(since, until), live=abs(until - now) <= _NOW)


def _around(moments: Sequence[datetime], now: datetime) -> Window:
    """Between two moments, before one, or lately."""
    if not moments:
        return read_window({}, now=now)
    first, last = min(moments), max(moments)
    if last - first > _NOW:
        return exact_window(first, last)
    return exact_window(first - _BEFORE, first + _AFTER)
