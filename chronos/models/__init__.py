"""The nouns of the timeline. Deeds are in modules of their own."""

from chronos.models.count import ChangeCount, CountProgress, StaleHour
from chronos.models.dependency import Dependency
from chronos.models.event import ChangeEvent, EventKey
from chronos.models.freeze import Freeze, Violation
from chronos.models.name import ALIASED, NAMED, Alias, KnownName, SourceExpectation
from chronos.models.state import Running

__all__ = [
    "ALIASED",
    "NAMED",
    "Alias",
    "ChangeCount",
    "ChangeEvent",
    "CountProgress",
    "Dependency",
    "EventKey",
    "Freeze",
    "KnownName",
    "Running",
    "SourceExpectation",
    "StaleHour",
    "Violation",
]
