"""What a channel is given to say: one alert, or a group of them that are told together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alerts.normalise import Link

# Of a group; the rest is counted.
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Member:
    """One alert of a group."""

    id: int
    name: str
    severity: str
    status: str  # firing or resolved
    summary: str
    service: str
    resource: str
    url: str
    starts_at: datetime

    @property
    def title(self) -> str:
        """What it is, in one line."""
        where = self.resource or self.service
        text = self.summary or self.name
        return f"{where}: {text}" if where else text


@dataclass(frozen=True, slots=True)
class Message:
    """One telling: what happened, of which alert, and the keys that make a repeat harmless."""

    kind: str  # the transition's kind (opened, worsened, resolved, woken ...) or "test"
    at: datetime
    idempotency_key: str  # the same for every attempt
    thread_key: str  # the idempotency key of the episode's first message on this channel
    episode_key: str  # the same for all messages of the episode
    alert_id: int
    dedup_key: str
    name: str
    severity: str
    summary: str
    url: str  # the alert's page
    portal_url: str
    starts_at: datetime
    received_at: datetime
    resolved_at: datetime | None = None
    description: str = ""
    source: str = ""
    service: str = ""
    resource: str = ""
    environment: str = ""
    region: str = ""
    team: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    value: float | None = None
    runbook_url: str = ""
    repeat_count: int = 0
    # Openings of its key in the hour before, once they are many.
    flapping: int = 0
    # Somebody on call is to take it.
    paged: bool = False
    # What changed just before and may be the cause: `api 412 deployed by jo 6 minutes before`.
    suspects: tuple[str, ...] = ()
    # A page where its reader can take it without signing in; empty: nothing to take.
    acknowledge_url: str = ""
    # Of a group: the worst first, at most MOST_LISTED; counts are of all.
    members: tuple[Member, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)  # severity -> how many fire
    resolved_count: int = 0
    group_labels: Mapping[str, str] = field(default_factory=dict)
    # Words of the channel's own template; empty: the channel's usual ones.
    own_subject: str = ""
    own_body: str = ""
    # Recipients of this channel that an earlier attempt reached already.
    accepted: frozenset[str] = frozenset()

    @property
    def resolved(self) -> bool:
        """Whether this tells that the episode, or all of the group, is over."""
        return self.kind in ("resolved", "expired")

    @property
    def is_group(self) -> bool:
        """Whether it tells of several alerts."""
        return len(self.members) > 1

    @property
    def firing_count(self) -> int:
        """How many of the group fire."""
        return sum(self.counts.values())

    @property
    def total(self) -> int:
        """How many alerts it tells of."""
        return self.firing_count + self.resolved_count if self.members else 1

    @property
    def unlisted(self) -> int:
        """How many of them are counted only."""
        return self.total - len(self.members) if self.members else 0

    @property
    def is_test(self) -> bool:
        """Whether a person tries the channel out."""
        return self.kind == "test"

    @property
    def first(self) -> bool:
        """Whether nothing was told of this episode on this channel before."""
        return self.thread_key == self.idempotency_key

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Name and value of what is known, in reading order."""
        if self.is_group:
            return [(name, value) for name, value in self.group_labels.items() if value]
        named = [
            ("Severity", self.severity),
            ("Name", self.name),
            ("Service", self.service),
            ("Resource", self.resource),
            ("Environment", self.environment),
            ("Region", self.region),
            ("Team", self.team),
            ("Source", self.source),
            ("Value", "" if self.value is None else f"{self.value:g}"),
            ("Since", f"{self.starts_at:%Y-%m-%d %H:%M:%S} UTC"),
            ("Repeats", str(self.repeat_count or "")),
            ("Flapping", f"opened {self.flapping} times within an hour" if self.flapping else ""),
        ]
        return [(name, value) for name, value in named if value]

    @property
    def web_links(self) -> list[Link]:
        """What may stand behind a click: the runbook and the sender's links, if they are http."""
        links = [Link(self.runbook_url, "Runbook"), *self.links][:20]
        return [link for link in links if link.href.startswith(("http://", "https://"))]

    @property
    def shown_labels(self) -> list[tuple[str, str]]:
        """The first labels by name, cut to what a person would read."""
        return [(name, str(value)[:200]) for name, value in sorted(self.labels.items())[:50]]
