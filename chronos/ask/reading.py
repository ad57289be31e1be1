"""What a question means: nouns only, no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Shape(StrEnum):
    """What kind of answer is wanted."""

    LIST = "list"
    COUNT = "count"
    WHO = "who"
    WHEN = "when"
    RUNNING = "running"
    DIFF = "diff"
    SUSPECTS = "suspects"


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that happened, by name: "incident 42", "release 1.4 of api".

    Without an id it is the newest of its kind; of a freeze, all of them.
    """

    kind: str
    id: str = ""
    service: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that only a resolver knows: `offset` from the "start" or "end" of something."""

    reference: Reference
    edge: str
    offset: timedelta = timedelta(0)


Bound = datetime | Mark


@dataclass(frozen=True, slots=True)
class Interval:
    """[since, until). `said` is how it was asked for, empty when it was not."""

    since: Bound
    until: Bound
    said: str = field(default="", compare=False)

    @property
    def exact(self) -> tuple[datetime, datetime] | None:
        """Both ends, where no reference has to be resolved first."""
        if isinstance(self.since, datetime) and isinstance(self.until, datetime):
            return self.since, self.until
        return None


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one field; several values are alternatives.

    Operators are those of matchers (`= != =~ !~ < <= > >=`), `~` for a glob and `!` for none.
    """

    field: str
    op: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another question that may have been meant: `said` stands in the question, `meant` is it."""

    said: str
    meant: str
    question: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One question, understood. Two are equal when they ask the same, however it was said."""

    shape: Shape
    # None where moments, not an interval, are asked about: what is running, diff, suspects.
    interval: Interval | None
    # Running: one moment. Diff: two, or one for two environments. Suspects: at most one.
    moments: tuple[Bound, ...] = ()
    # Diff: the two environments.
    compared: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    # Words and phrases that the text of an event must hold.
    text: tuple[str, ...] = ()
    # Only what has begun and not ended.
    ongoing: bool = False
    # Count: what it is counted by.
    grouping: tuple[str, ...] = ()
    # The newest so many; None for as many as a page holds.
    limit: int | None = None
    # Suspects: of what.
    subject: Reference | None = None
    zone: str = field(default="UTC", compare=False)
    question: str = field(default="", compare=False)
    unknown: tuple[str, ...] = field(default=(), compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    suggestions: tuple[Suggestion, ...] = field(default=(), compare=False)

    def values_of(self, name: str) -> tuple[str, ...]:
        """What the field must be one of; empty where it is not asked for."""
        return next((f.values for f in self.filters if f.field == name and f.op == "="), ())


# Of a field: the names that are known, such as {"service": ("api", "web")}.
Names = Mapping[str, tuple[str, ...]]
