"""What goes into the statements, and what comes back."""

from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from alerts.normalise import AlertEvent
from opsportal.lib.redact import is_clean, redact_json

RAW_CAP = 16_384


class Touch(Struct, frozen=True, gc=False):
    """A key that is spoken of: how often it was said to fire, until when it holds, since when."""

    dedup_key: str
    repeats: int
    expires_at: datetime | None
    starts_at: datetime | None


class End(Struct, frozen=True, gc=False):
    """A resolve that says when it was, of a key that is open.

    An earlier episode is meant where one ended at that very time, or where the resolve says when
    it began (`whole`) and the open one began only after its end.
    """

    number: int
    dedup_key: str
    resolved_at: datetime
    whole: bool


class Stored(Struct, gc=False):
    """An open episode as the database holds it; `receive` moves it on, event by event."""

    id: int
    dedup_key: str
    status: str
    severity: str
    received_severity: str
    repeat_count: int
    content_hash: str
    snoozed: bool


class NewEpisode(Struct, frozen=True, gc=False):
    """An episode to open, from the first and the last event that said so."""

    event: AlertEvent
    starts_at: datetime
    expires_at: datetime | None
    repeat_count: int


class Rewrite(Struct, frozen=True, gc=False):
    """An open episode's new state; `content` is None when only the state changed."""

    id: int
    status: str
    severity: str
    received_severity: str
    wake: bool  # ends a snooze
    resolved_at: datetime | None
    content: AlertEvent | None


# Of a decision: id, outcome, reasons, labels that matchers saw, version of the policy.
Settled = tuple[int, str, object, object, int | None]
# Columns of a new notification; `due_at` and `created_at` are now, the rest is empty.
TOLD = (
    "alert_id", "transition_id", "channel_id", "rule_id", "subscription_id", "group_id", "about",
    "state",
)  # fmt: skip
# What routing makes of an episode.
AMENDED = ("severity", "service", "team_id", "runbook_url", "suppressed", "flapping")
# Of an episode that no rule has set anything of: what held it back, and whether it flaps.
HELD_BACK = ("suppressed", "flapping")


class NewNotification(Struct, gc=False):
    """A telling to be stored: values of TOLD."""

    alert_id: int
    transition_id: int
    channel_id: int
    rule_id: int | None
    subscription_id: int | None
    about: str
    group_id: int | None = None
    state: str = "due"

    def values(self) -> tuple[Any, ...]:
        """In the order of the columns."""
        return (
            self.alert_id,
            self.transition_id,
            self.channel_id,
            self.rule_id,
            self.subscription_id,
            self.group_id,
            self.about,
            self.state,
        )


def content_hash(event: AlertEvent) -> str:
    """Of what a repeat may change; equal for equal content."""
    content = (
        event.summary,
        event.description,
        event.value,
        event.labels,
        event.annotations,
        event.links,
    )
    return blake2b(msgspec.msgpack.encode(content), digest_size=8).hexdigest()


def content_columns(event: AlertEvent, *, clean: bool = False) -> tuple[Any, ...]:
    """Values of CONTENT, in its order; JSON as text. `clean`: the payload holds no secret."""
    return (
        event.summary,
        event.description,
        json_text(event.labels) if event.labels else "{}",
        json_text(event.annotations) if event.annotations else "{}",
        json_text(event.links) if event.links else "[]",
        event.value,
        raw_text(event.payload, clean=clean),
        content_hash(event),
    )


def all_clean(events: Iterable[AlertEvent]) -> bool:
    """Whether no payload has a word of a secret: one search over all costs less than many."""
    return is_clean(b"\n".join([event.payload for event in events]))


CONTENT = (
    "summary",
    "description",
    "labels",
    "annotations",
    "links",
    "value",
    "raw",
    "content_hash",
)
STATE = (
    "dedup_key",
    "name",
    "status",
    "severity",
    "received_severity",
    "source",
    "service",
    "resource",
    "environment",
    "region",
    "runbook_url",
    "team_id",
    "suppressed",
    "starts_at",
    "received_at",
    "last_received_at",
    "expires_at",
    "repeat_count",
)


def raw_text(payload: bytes, *, clean: bool = False) -> str:
    """What was received as JSON text: secrets redacted, capped."""
    text = payload.decode() if clean else redact_json(payload)
    return text if len(text) <= RAW_CAP else f"{text[:RAW_CAP]}…"


def json_text(value: object) -> str:
    """Compact JSON."""
    return msgspec.json.encode(value).decode()


def state_columns(
    episode: NewEpisode, now: datetime, instant: Callable[[datetime | None], Any] = lambda at: at
) -> tuple[Any, ...]:
    """Values of STATE, in its order; instants as the database takes them."""
    event, received = episode.event, instant(now)
    return (
        event.dedup_key,
        event.name,
        "firing",
        event.severity,
        event.severity,
        event.source,
        event.service,
        event.resource,
        event.environment,
        event.region,
        event.runbook_url,
        event.team_id,
        "",
        instant(episode.starts_at),
        received,
        received,
        instant(episode.expires_at),
        episode.repeat_count,
    )
