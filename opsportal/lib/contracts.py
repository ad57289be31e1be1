"""What the doors of the portal have in common: a request, what it held, its answer, its format.

A format turns one contract's body into events, and our receipts into its answer. Where it answers,
how it is asked to come again and what is kept of it are said by its class.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar

import msgspec

from opsportal.lib.errors import FieldError, OpsError, PayloadError
from opsportal.lib.times import EARLIEST, LATEST

_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


# What writes and reads JSON further on goes only so deep.
MOST_LEVELS = 100
_members = msgspec.json.Decoder(list[msgspec.Raw])
_anything = msgspec.json.Decoder(msgspec.Raw)


# In a door's path: the place of a key, for senders that can send no header.
KEY_IN_PATH = "/<key>"
# Of what the request is about: `<id>`, which may hold slashes, and others, which may not.
_PLACE = re.compile(r"<(\w+)>")


@dataclass(frozen=True, slots=True)
class Received:
    """A request as its format sees it; enough to look at it again later."""

    body: bytes
    now: datetime
    # The key that it came with, and its team.
    team_id: int | None = None
    key_id: int = 0
    # As it was called, with `<key>` where a key stood.
    path: str = ""
    query: str = ""
    content_type: str = ""
    # Those that the format keeps; names in lower case.
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejection:
    """One member of a batch that could not be taken."""

    index: int
    errors: tuple[FieldError, ...]

    def as_json(self) -> dict[str, object]:
        """As an answer tells it."""
        errors = [{"field": error.field, "message": error.message} for error in self.errors]
        return {"index": self.index, "errors": errors}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a body held. `many` tells a batch from a single member."""

    # `AlertEvent`s.
    events: Sequence[Any] = ()
    rejected: Sequence[Rejection] = ()
    many: bool = True
    # `Change`s; one of no actor is the sender's.
    changes: Sequence[Any] = ()
    # What else is to be done, in the same transaction, after these are stored.
    orders: Sequence[Any] = ()
    # What the sender's own number of the request is, where it has one: a repeat is answered as
    # the first was and does nothing.
    token: str = ""
    # Why there is nothing to do, where there is nothing.
    note: str = ""
    # What the sender calls its alert, where the answer says it.
    sender_key: str = ""

    # How many alerts its orders speak of.
    ordered: int = 0

    @property
    def size(self) -> int:
        """How many alerts and changes it speaks of."""
        return len(self.events) + len(self.changes) + self.ordered


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Format:
    """The base of a format: what it says of its doors, and what it makes of a request."""

    slug: ClassVar[str]
    label: ClassVar[str]
    # Where it answers; one that ends in KEY_IN_PATH takes the key from there, and of one with other
    # places, such as `<id>`, `parse` sees what stood there (`places_of`).
    paths: ClassVar[tuple[str, ...]] = ()
    methods: ClassVar[frozenset[str]] = frozenset({"POST"})
    # Of a view that answers the other methods there: its dotted path.
    view: ClassVar[str] = ""
    # Whether `key_text` finds the key in the body or the query.
    key_in_body: ClassVar[bool] = False
    # What a key needs.
    scope: ClassVar[str]
    # Bytes, where the contract says how many; None: as many as the portal takes elsewhere.
    max_body: ClassVar[int | None] = None
    # What a sender that is over its limit is told so that it comes again: a sender that takes 429
    # as final is told 503. None: its senders never come again, so it is never over its limit.
    overload: ClassVar[int | None] = 429
    # Whether all that comes in is kept, or only what failed.
    keeps_all: ClassVar[bool] = True
    # Whether each request is a transaction by itself, since it locks more than its events' keys.
    alone: ClassVar[bool] = False
    # Where the contract has the signature, of keys that have a signing secret; empty: where the
    # secret says.
    signature_header: ClassVar[str] = ""
    # Headers that `parse` looks at, in lower case; "ce-*" is all that begin so.
    keeps_headers: ClassVar[tuple[str, ...]] = ()

    def key_text(self, received: Received) -> str:
        """The key that the body or the query carries; the empty text when it does not."""
        del received
        return ""

    def greet(self, headers: Mapping[str, str]) -> Reply | None:
        """The answer to OPTIONS by which a sender asks whether it may send at all.

        It is open to everybody and so says nothing of keys. None: there is no such thing.
        """
        del headers
        return None

    def check(self, received: Received) -> None:
        """Whether it comes from whom it says: signatures. May ask others. Raises OpsError."""

    def parse(self, received: Received) -> Parsed:
        """What the request holds; pure. Raises PayloadError when nothing in it is usable."""
        raise NotImplementedError

    def answer(self, parsed: Parsed, receipts: Sequence[Any]) -> Reply:
        """The contract's answer to what was stored: a receipt of each event, or of each change."""
        raise NotImplementedError

    def refuse(self, error: OpsError) -> Reply:
        """The contract's shape of an error; the portal's own, where it has none."""
        return Reply(error.status, error_body(error))


@lru_cache
def path_pattern(path: str) -> re.Pattern[str]:
    """What the path of a door matches, with a group for each of its places."""
    parts = _PLACE.split(path)
    return re.compile(
        "".join(
            f"(?P<{part}>{'.+' if part == 'id' else '[^/]+'})" if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        )
    )


def path_route(path: str) -> str:
    """The same as a route of Django's."""
    return _PLACE.sub(lambda m: f"<{'path' if m[1] == 'id' else 'str'}:{m[1]}>", path.lstrip("/"))


def places_of(paths: Sequence[str], path: str) -> dict[str, str]:
    """What stands in the places of the first of these paths that it matches, without NUL."""
    for known in paths:
        if found := path_pattern(known).fullmatch(path.replace("\0", "\ufffd")):
            return found.groupdict()
    return {}


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


def is_deep(value: Any) -> bool:
    """Whether objects and arrays are nested deeper than MOST_LEVELS."""
    level: list[Any] = [value]
    for _ in range(MOST_LEVELS):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


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
