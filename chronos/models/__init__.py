"""The nouns of the timeline. Deeds are in modules of their own."""

from chronos.models.dependency import Dependency
from chronos.models.event import ChangeEvent, EventKey
from chronos.models.freeze import Freeze, Violation
from chronos.models.state import Running

__all__ = ["ChangeEvent", "Dependency", "EventKey", "Freeze", "Running", "Violation"]
