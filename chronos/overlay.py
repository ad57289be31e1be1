"""What other apps know of an interval or a change: shown beside it, by plug-ins.

An app above the timeline names a class in settings.OVERLAYS with a `slug` and the methods of
`Overlay`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chronos.models import ChangeEvent
from opsportal.lib.registry import plugins

# Of one overlay, for one page.
MOST_MARKS = 200


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked for; an empty field asks nothing, several values are alternatives."""

    services: Sequence[str] = ()
    environments: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that lasted from `start` to `end`; without an end it does still."""

    start: datetime
    end: datetime | None
    severity: str
    title: str
    url: str
    service: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Where there is more of a change, for those who have the permission; "" is everybody."""

    text: str
    url: str
    permission: str = ""


class Overlay(Protocol):
    """What settings.OVERLAYS names; each method in a bounded number of bounded queries."""

    slug: str

    def marks(self, since: datetime, until: datetime, scope: Scope) -> Sequence[Mark]:
        """What was there in [since, until): the newest MOST_MARKS."""
        ...

    def links(self, event: ChangeEvent) -> Sequence[Link]:
        """Where there is more of the change."""
        ...


def marks_within(since: datetime, until: datetime, scope: Scope) -> list[Mark]:
    """The marks of all overlays in [since, until), by their start."""
    marks = [mark for overlay in _overlays() for mark in overlay.marks(since, until, scope)]
    return sorted(marks, key=lambda mark: mark.start)


def links_of(event: ChangeEvent) -> list[Link]:
    """The links of all overlays to more of the change."""
    return [link for overlay in _overlays() for link in overlay.links(event)]


def _overlays() -> list[Overlay]:
    return [overlay() for overlay in plugins("OVERLAYS").values()]
