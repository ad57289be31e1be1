"""What a preview tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class ChannelCount:
    """One recipient: alerts told and messages they make, without the draft and with it."""

    name: str
    alerts_without: int
    alerts_with: int
    messages_without: int
    messages_with: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC): messages without and with the draft, and alerts that it matched."""

    day: date
    matched: int
    messages_without: int
    messages_with: int


@dataclass(frozen=True, slots=True)
class Remedied:
    """What the draft would have had done, and to what."""

    plugin: str
    dry_run: bool
    approval: str
    alerts: int
    # The first of them, by resource or key.
    targets: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sample:
    """One transition that the draft matched or whose telling it changed."""

    alert: int
    name: str
    severity: str
    service: str
    kind: str
    at: datetime
    newly_told: Sequence[str]
    no_longer_told: Sequence[str]
    suppressed: str
    does: Sequence[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """All that a draft would have done from `since` to `until`."""

    since: datetime
    until: datetime
    # Transitions looked at; `bounded`: there were more, and only the newest were looked at.
    transitions: int
    bounded: bool
    matched_alerts: int
    matched_transitions: int
    suppressed_alerts: int
    # Alerts that somebody would (no longer) have been told of.
    newly_told_alerts: int
    no_longer_told_alerts: int
    channels: Sequence[ChannelCount]
    # Team -> alerts that the draft would have paged it for.
    paged: Sequence[tuple[str, int]]
    remedied: Sequence[Remedied]
    days: Sequence[Day]
    samples: Sequence[Sample]

    @property
    def messages_without(self) -> int:
        """To everybody together, without the draft."""
        return sum(channel.messages_without for channel in self.channels)

    @property
    def messages_with(self) -> int:
        """To everybody together, with the draft."""
        return sum(channel.messages_with for channel in self.channels)
