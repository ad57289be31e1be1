"""From references to moments: what "incident 42" or "the last deploy of api" was."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from chronos.ask.reading import Bound, Mark, Reading, Reference
from chronos.ask.write import write_reference
from chronos.models import ChangeEvent
from chronos.normalise import DEPLOYING, SUCCEEDED
from opsportal.lib.errors import NotFoundError, PayloadError
from opsportal.lib.registry import plugins

_RELEASING = (*DEPLOYING, "release")
# Kinds of which the newest is the newest that went well.
_ENDING_WELL = frozenset({*_RELEASING, "config", "flag", "migration"})
# Freezes have been many times; the newest of them are looked at.
MOST_WINDOWS = 10


@dataclass(frozen=True, slots=True)
class Window:
    """An interval [since, until), of only those changes that it concerns, where that is said."""

    since: datetime
    until: datetime
    concerns: Callable[[ChangeEvent], bool] | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What is referred to: when and where it was. Without an end it is not over."""

    start: datetime
    end: datetime | None = None
    title: str = ""
    url: str = ""
    service: str = ""
    environment: str = ""
    region: str = ""
    # Which changes are meant by "during" it; None: all.
    concerns: Callable[[ChangeEvent], bool] | None = None


class Resolver(Protocol):
    """What settings.REFERENCES names: finds what another app knows, by the kind of reference."""

    slug: str

    def find(self, reference: Reference, *, now: datetime) -> Sequence[Occurrence]:
        """What the reference means, newest first; one, but for freezes. Few bounded queries."""
        ...


class References:
    """Looks up each reference of a reading once."""

    def __init__(self, reading: Reading, now: datetime) -> None:
        self.reading = reading
        self.now = now
        self._found: dict[Reference, Sequence[Occurrence]] = {}

    def of(self, reference: Reference) -> Sequence[Occurrence]:
        """What it means. Raises NotFoundError when there is none, PayloadError."""
        if reference not in self._found:
            found = self._find(self._scoped(reference))
            if not found:
                raise NotFoundError(f"There is no {write_reference(reference)} here.")
            self._found[reference] = found
        return self._found[reference]

    def moment(self, bound: Bound) -> datetime:
        """The instant of a bound."""
        if isinstance(bound, datetime):
            return bound
        return self._edge(bound, self.of(bound.reference)[0])

    def windows(self) -> tuple[Window, ...]:
        """The intervals that the reading asks about: one, but for freezes. Raises PayloadError."""
        interval = self.reading.interval
        if interval is None:
            return ()
        since, until = interval.since, interval.until
        if (
            isinstance(since, Mark)
            and isinstance(until, Mark)
            and since.reference == until.reference
        ):
            found = self.of(since.reference)[:MOST_WINDOWS]
            return tuple(
                self._checked(self._edge(since, one), self._edge(until, one), one.concerns)
                for one in found
            )
        return (self._checked(self.moment(since), self.moment(until)),)

    def _checked(
        self,
        since: datetime,
        until: datetime,
        concerns: Callable[[ChangeEvent], bool] | None = None,
    ) -> Window:
        if since >= until:
            raise PayloadError("end before start: what begins the interval was after what ends it")
        return Window(since, until, concerns)

    def _edge(self, mark: Mark, found: Occurrence) -> datetime:
        edge = found.start
        if mark.edge == "end":
            # What is an instant is during one all the same.
            edge = max(found.end or self.now, found.start + timedelta(seconds=1))
        return edge + mark.offset

    def _scoped(self, reference: Reference) -> Reference:
        """Where the reference says no service or environment, the question's own counts."""
        for name in ("service", "environment"):
            asked = self.reading.values_of(name)
            if not getattr(reference, name) and len(asked) == 1 and not _is_numbered(reference):
                reference = replace(reference, **{name: asked[0]})
        return reference

    def _find(self, reference: Reference) -> Sequence[Occurrence]:
        if resolver := plugins("REFERENCES").get(reference.kind):
            found: Sequence[Occurrence] = resolver().find(reference, now=self.now)
            return found
        if reference.kind == "event":
            return _of_events(_by_number(reference.id))
        if reference.kind == "incident":
            return self._incident(reference)
        if reference.id:
            return _of_events(_release(reference))
        return _of_events(_newest(reference))

    def _incident(self, reference: Reference) -> Sequence[Occurrence]:
        if not reference.id:
            return _of_events(_newest(reference))
        incidents = ChangeEvent.objects.filter(kind="incident", external_id=reference.id)
        found = _of_events(incidents.order_by("-started_at", "-id")[:1])
        return found or self._find(Reference("alert", reference.id))


def _is_numbered(reference: Reference) -> bool:
    return bool(reference.id) and reference.kind in {"incident", "alert", "event"}


def _by_number(text: str) -> Iterable[ChangeEvent]:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    return list(ChangeEvent.objects.filter(pk=number)) if number is not None else []


def _release(reference: Reference) -> Iterable[ChangeEvent]:
    """The first deployment of the version."""
    if not reference.service:
        raise PayloadError(
            f"{reference.kind} {reference.id} of which service? Write "
            f'"{reference.kind} {reference.id} of example"'
        )
    found = ChangeEvent.objects.filter(
        service=reference.service,
        kind__in=_RELEASING,
        version=reference.id,
        status=SUCCEEDED,
        **_place(reference),
    )
    return found.order_by("started_at", "id")[:1]


def _newest(reference: Reference) -> Iterable[ChangeEvent]:
    found = ChangeEvent.objects.filter(kind=reference.kind, **_place(reference))
    if reference.service:
        found = found.filter(service=reference.service)
    if reference.kind in _ENDING_WELL:
        found = found.filter(status=SUCCEEDED)
    return found.order_by("-started_at", "-id")[:1]


def _place(reference: Reference) -> dict[str, str]:
    return {"environment": reference.environment} if reference.environment else {}


def _of_events(events: Iterable[ChangeEvent]) -> list[Occurrence]:
    return [
        Occurrence(
            event.started_at,
            event.ended_at,
            event.title,
            event.get_absolute_url(),
            event.service,
            event.environment,
            event.region,
        )
        for event in events
    ]
