"""Questions in words: what they mean, shown back and answered."""

from chronos.ask.names import KnownNames
from chronos.ask.parse import read_question
from chronos.ask.reading import (
    Filter,
    Interval,
    Mark,
    Reading,
    Reference,
    Shape,
    Suggestion,
)
from chronos.ask.resolve import Occurrence
from chronos.ask.write import write_question

__all__ = [
    "Filter",
    "Interval",
    "KnownNames",
    "Mark",
    "Occurrence",
    "Reading",
    "Reference",
    "Shape",
    "Suggestion",
    "read_question",
    "write_question",
]
