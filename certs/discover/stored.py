"""What a run, or a part of it, came to."""

from dataclasses import dataclass, field


@dataclass
class Stored:
    """Counts, and what later steps need; `touched` are certificates whose places changed."""

    new: int = 0
    gone: int = 0
    # Absent at once, and too many of them to be believed.
    held: int = 0
    endpoints: int = 0
    # Ids of placements that were there, and locators of troubles.
    seen: set[int] = field(default_factory=set)
    troubled: set[str] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)

    @property
    def found(self) -> int:
        """How many placements were there."""
        return len(self.seen)

    @property
    def troubles(self) -> int:
        """How many things could not be read."""
        return len(self.troubled)

    def add(self, part: "Stored") -> None:
        """With what a further part of the run came to."""
        self.new += part.new
        self.gone += part.gone
        self.held += part.held
        self.endpoints += part.endpoints
        self.seen |= part.seen
        self.troubled |= part.troubled
