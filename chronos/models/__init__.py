"""The nouns of the timeline. Deeds are in modules of their own."""

from chronos.models.dependency import Dependency
from chronos.models.event import ChangeEvent, EventKey

__all__ = ["ChangeEvent", "Dependency", "EventKey"]
