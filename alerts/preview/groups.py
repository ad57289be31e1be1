"""How many messages groups make: the clockwork of grouping, run through at once."""

from dataclasses import dataclass, field
from datetime import datetime

from alerts.policy import Grouping


@dataclass(slots=True)
class SimulatedGroup:
    """One group of one recipient; `sent` are the times of its messages."""

    grouping: Grouping
    due: datetime | None = None
    told_at: datetime | None = None
    firing: set[int] = field(default_factory=set)
    # Alerts whose firing or whose end the next message tells.
    waiting: set[int] = field(default_factory=set)
    ends: set[int] = field(default_factory=set)
    sent: list[datetime] = field(default_factory=list)

    def fire(self, alert: int, now: datetime) -> None:
        """An alert joins, or has got worse."""
        self.settle(now)
        if self.due is None:
            if self.grouping.at is not None:
                self.due = self.grouping.at
            elif self.told_at is None:
                self.due = now + self.grouping.wait
            else:
                self.due = max(now, self.told_at + self.grouping.interval)
        self.firing.add(alert)
        self.waiting.add(alert)

    def end(self, alert: int, now: datetime) -> bool:
        """An alert is over; whether its recipient hears of it."""
        self.settle(now)
        self.firing.discard(alert)
        heard = alert not in self.waiting
        self.waiting.discard(alert)
        if heard:
            self.ends.add(alert)
        if not self.waiting and not self.ends:
            # What was to be told is over before it was: no message.
            self.due = None
        elif not self.firing:
            self.due = now
        elif self.due is None and self.told_at is not None:
            self.due = max(now, self.told_at + self.grouping.interval)
        return heard

    def settle(self, now: datetime | None = None) -> None:
        """Send what was due before then; without a time, all that is left.

        What comes in one instant goes into one message.
        """
        if self.due is None or (now is not None and self.due >= now):
            return
        self.sent.append(self.due)
        self.told_at = self.due if self.firing else None
        self.due = None
        self.waiting.clear()
        self.ends.clear()
