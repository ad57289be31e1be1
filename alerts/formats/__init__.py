"""Alert formats: each turns one contract's body into events, and our receipts into its answer.

To add one: copy the nearest file here, name it in settings.ALERT_FORMATS, give it a path in
`alerts/intake.py`, fixtures and a test file, and a row in docs/alerts.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from alerts.normalise import AlertEvent, Receipt
from opsportal.lib.errors import FieldError, OpsError, PayloadError
from opsportal.lib.times import EARLIEST, LATEST

_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


_members = msgspec.json.Decoder(list[msgspec.Raw])
_anything = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True, slots=True)
class Rejection:
    """One member of a batch that could not be taken."""

    index: int
    errors: tuple[FieldError, ...]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a body held. `many` tells a batch from a single alert."""

    events: Sequence[AlertEvent]
    rejected: Sequence[Rejection] = ()
    many: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class AlertFormat(Protocol):
    """The contract of a format. All methods are pure."""

    slug: str
    label: str

    def parse(self, body: bytes, *, now: datetime, team_id: int | None) -> Parsed:
        """The events of the body. Raises PayloadError when nothing in it is usable."""

    def answer(self, parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
        """The contract's answer to what was stored."""

    def refuse(self, error: OpsError) -> Reply:
        """The contract's shape of an error."""


def split_json(body: bytes) -> tuple[list[bytes], bool]:
    """The JSON text of each member of an array (and True), or of the one value (and False).

    NUL becomes U+FFFD, since no database text can hold it. Raises PayloadError for whatever is
    not JSON (RFC 8259); what a member holds is checked when it is decoded.
    """
    if rb"\u0000" in body:
        body = _NUL.sub(rb"\1\\ufffd", body)
    try:
        if not body.isascii():
            body.decode()  # the decoder looks at no text that it passes over
        if body.lstrip(b" \t\r\n")[:1] == b"[":
            return [bytes(member) for member in _members.decode(body)], True
        return [bytes(_anything.decode(body))], False
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise PayloadError(f"The body is not valid JSON: {error}") from error
    except RecursionError as error:
        raise PayloadError("The body is nested too deeply.") from error


def check_instant(instant: datetime) -> datetime:
    """The instant in UTC. Raises ValueError outside the years that the portal keeps."""
    try:
        instant = instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None
    if not EARLIEST <= instant < LATEST:
        raise ValueError(f"must lie between {EARLIEST:%Y} and {LATEST:%Y}")
    return instant


def error_body(error: OpsError) -> bytes:
    """The portal's own error shape."""
    return msgspec.json.encode(error.as_json())
