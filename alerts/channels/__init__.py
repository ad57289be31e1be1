"""Ways to tell somebody: the contract that every channel plug-in keeps.

A new channel is one module here with one class, one line in `settings.ALERT_CHANNELS`, one test
file, one row in the docs. A channel does no queries: the message carries all there is to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl, urlsplit

from alerts.channels.message import Member, Message
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import DeliveryError, FieldError, PayloadError
from opsportal.lib.http import check_url

__all__ = [
    "ChannelKind",
    "Member",
    "Message",
    "PartlyDeliveredError",
    "SettingField",
    "clean_fields",
    "hide_secrets",
    "mask_secrets",
]

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
    def complaint_of_owned(cls, settings: Mapping[str, Any]) -> str:
        """Why a team or a person may not have it so; empty when they may."""
        del settings
        return ""

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
