"""Ways to tell somebody: the contract that every channel plug-in keeps.

A new channel is one module here with one class, one line in `settings.ALERT_CHANNELS`, one test
file, one row in the docs. A channel does no queries: the message carries all there is to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl, urlsplit

from alerts.normalise import Link
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import DeliveryError, FieldError, PayloadError
from opsportal.lib.http import check_url

_SHORTEST_TOKEN = 12


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting of a channel, for forms, files and validation."""

    name: str
    label: str
    kind: Literal["text", "list", "url", "secret"] = "text"
    required: bool = False
    secret: bool = False
    help: str = ""


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
    # Recipients of this channel that an earlier attempt reached already.
    accepted: frozenset[str] = frozenset()

    @property
    def resolved(self) -> bool:
        """Whether this tells that the episode is over."""
        return self.kind in ("resolved", "expired")

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


class PartlyDeliveredError(DeliveryError):
    """Some recipients have it, others shall be tried again; `accepted` are those who have it."""

    def __init__(self, message: str, accepted: Sequence[str]) -> None:
        super().__init__(message)
        self.accepted = tuple(accepted)


class ChannelKind:
    """Base of the channel plug-ins; never instantiated with state."""

    slug: ClassVar[str]
    label: ClassVar[str]
    fields: ClassVar[tuple[SettingField, ...]]

    @classmethod
    def clean(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings in the form they are stored. Raises PayloadError, one error per field."""
        return clean_fields(cls.fields, settings)

    @classmethod
    def send(cls, message: Message, settings: Mapping[str, Any]) -> str:
        """Hand the message over; the other side's answer. Raises DeliveryError."""
        raise NotImplementedError


def clean_fields(
    fields: Sequence[SettingField], settings: Mapping[str, Any], prefix: str = "settings"
) -> dict[str, Any]:
    """Settings checked against their fields: none unknown, none missing, each of its kind."""
    known = {found.name for found in fields}
    errors = [
        FieldError(f"{prefix}.{name}", f"unknown; known are {', '.join(sorted(known))}")
        for name in settings
        if name not in known
    ]
    cleaned: dict[str, Any] = {}
    for found in fields:
        try:
            value = _clean_value(found, settings.get(found.name))
        except PayloadError as error:
            errors.append(FieldError(f"{prefix}.{found.name}", error.message))
            continue
        if value:
            cleaned[found.name] = value
        elif found.required:
            errors.append(FieldError(f"{prefix}.{found.name}", "this is needed"))
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The channel's settings are not right: {text}", errors)
    return cleaned


def _clean_value(found: SettingField, value: object) -> str | list[str]:
    if found.kind == "list":
        items = value.replace(",", "\n").splitlines() if isinstance(value, str) else value or []
        if not isinstance(items, list | tuple) or not all(isinstance(i, str) for i in items):
            raise PayloadError("must be a list of texts")
        return list(dict.fromkeys(item.strip() for item in items if item.strip()))
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PayloadError("must be a text")
    text = value.strip()
    if any(ord(character) < 32 for character in text):
        raise PayloadError("must be one line without control characters")
    if text and found.kind == "url":
        check_url(text)
    return text


def mask_secrets(fields: Sequence[SettingField], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as they may be shown."""
    secret = {found.name for found in fields if found.secret}
    return {name: MASK if name in secret and value else value for name, value in settings.items()}


def _tokens(url: str) -> list[str]:
    """The parts of an address that may be a token, longest first: servers like to repeat them."""
    parts = urlsplit(url)
    pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    whole = [f"{parts.path}?{parts.query}", parts.path, parts.query]
    return [url, *(text for text in [*whole, *pieces] if len(text) >= _SHORTEST_TOKEN)]


def hide_secrets(
    text: str, fields: Sequence[SettingField], settings: Mapping[str, Any], limit: int = 4000
) -> str:
    """An answer as it may be stored: cut, and without the secrets it may repeat."""
    for found in fields:
        value = settings.get(found.name)
        if not isinstance(value, str) or not value:
            continue
        if found.secret:
            text = text.replace(value, MASK)
        if found.kind == "url":
            for part in _tokens(value):
                text = text.replace(part, MASK)
    return text.replace("\0", "")[:limit]
