"""Decide: what a question's answer is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from chronos.ask.count import Group, count_changes
from chronos.ask.describe import wider_questions
from chronos.ask.reading import Reading, Shape, Suggestion
from chronos.ask.resolve import References, Window
from chronos.ask.running import find_differences, find_running
from chronos.ask.select import query_of
from chronos.coverage import silent_sources
from chronos.models import ChangeEvent
from chronos.search import page_of_events
from chronos.state import Deployed, Difference
from chronos.suspects import Scene, Suspect, find_suspects

MOST_EVENTS = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found; which of the fields is filled follows from the reading's shape."""

    reading: Reading
    # The intervals and moments asked about, once references are resolved.
    windows: tuple[Window, ...] = ()
    moments: tuple[datetime, ...] = ()
    # Newest first; whether there are more than fit.
    events: Sequence[ChangeEvent] = ()
    more: bool = False
    counts: Sequence[Group] = ()
    suspects: Sequence[Suspect] = ()
    running: Sequence[Deployed] = ()
    differences: Sequence[Difference] = ()
    # Where nothing was found: questions that ask more widely, and sources that fell silent.
    wider: Sequence[Suggestion] = ()
    silent: Sequence[str] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Who made the changes, newest first."""
        return tuple(dict.fromkeys(event.actor for event in self.events if event.actor))

    @property
    def total(self) -> int:
        """How many changes were counted."""
        return sum(group.count for group in self.counts)


def answer_question(
    reading: Reading, *, now: datetime, zone: ZoneInfo, most: int = MOST_EVENTS
) -> Answer:
    """The answer, with few and bounded queries. Raises PayloadError, NotFoundError."""
    references = References(reading, now)
    if reading.shape is Shape.SUSPECTS:
        return _suspects(reading, references, now)
    if reading.shape in {Shape.RUNNING, Shape.DIFF}:
        return _state(reading, references, now, most)
    windows = references.windows()
    if reading.shape is Shape.COUNT:
        counts = count_changes(reading, windows, zone)
        if not any(group.count for group in counts):
            return replace(nothing_found(reading, now), windows=windows, counts=counts)
        return Answer(reading, windows, counts=counts)
    events, more = _events(reading, windows, min(reading.limit or most, most))
    if not events:
        return replace(nothing_found(reading, now), windows=windows)
    cut = more and reading.limit != len(events)
    return Answer(reading, windows, events=events, more=cut)


def nothing_found(reading: Reading, now: datetime) -> Answer:
    """What may help where there is nothing."""
    return Answer(reading, wider=wider_questions(reading, now), silent=silent_sources(now))


def _events(
    reading: Reading, windows: Sequence[Window], most: int
) -> tuple[list[ChangeEvent], bool]:
    """The newest changes of the intervals, which come newest first; two queries for each."""
    found: dict[int, ChangeEvent] = {}
    for window in windows:
        if len(found) > most:
            break
        events, _ = page_of_events(query_of(reading, window), most + 1)
        meant = window.concerns
        found.update((event.pk, event) for event in events if meant is None or meant(event))
    events = sorted(found.values(), key=lambda event: (event.started_at, event.pk), reverse=True)
    return events[:most], len(events) > most


def _suspects(reading: Reading, references: References, now: datetime) -> Answer:
    subject = references.of(reading.subject)[0] if reading.subject else None
    if subject:
        at = subject.start
    else:
        at = references.moment(reading.moments[0]) if reading.moments else now
    scene = Scene(
        at,
        _one(reading, "service") or (subject.service if subject else ""),
        _one(reading, "environment") or (subject.environment if subject else ""),
        _one(reading, "region") or (subject.region if subject else ""),
    )
    return Answer(reading, moments=(at,), suspects=find_suspects(scene))


def _state(reading: Reading, references: References, now: datetime, most: int) -> Answer:
    moments = tuple(map(references.moment, reading.moments))
    if reading.shape is Shape.DIFF:
        differences = find_differences(reading, moments, now=now)
        return Answer(
            reading, moments=moments, differences=differences[:most], more=len(differences) > most
        )
    found, more = find_running(reading, moments[0] if moments else None, now=now, most=most)
    return Answer(reading, moments=moments, running=found, more=more)


def _one(reading: Reading, name: str) -> str:
    values = reading.values_of(name)
    return values[0] if len(values) == 1 else ""
