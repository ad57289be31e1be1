"""Ingest: an HTTP request at the door of any alert format becomes stored events and its answer.

The same deed serves two entrances: `opsportal.wsgi`, which takes the doors past Django's
middleware and shares commits between requests, and plain Django views.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection

from alerts.keep import delivery_of, keep_failure
from alerts.submit import CHANGES_SCOPE, Store, Submission, refuse
from alerts.tally import Use, tally
from alerts.verify import verify_signature
from opsportal.accounts.credentials import offered_key
from opsportal.accounts.keys import confirm_key, recall_key, require_scope, resolve_key
from opsportal.accounts.models import ApiKey
from opsportal.accounts.throttle import spend
from opsportal.lib.addresses import address_of
from opsportal.lib.contracts import (
    KEY_IN_PATH,
    Format,
    Parsed,
    Received,
    Reply,
    path_pattern,
)
from opsportal.lib.errors import (
    OpsError,
    PayloadError,
    RateLimitedError,
    TooLargeError,
    UnavailableError,
)
from opsportal.lib.registry import known_formats

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Door:
    """A path that takes alerts in; `key_text` is the key that stood in it."""

    format: Format
    path: str
    key_text: str = ""


@lru_cache
def doors() -> Mapping[str, Door]:
    """Every door by its path."""
    formats = [found() for found in known_formats().values()]
    return {path: Door(found, path) for found in formats for path in found.paths}


def find_door(path: str) -> Door | None:
    """The door at this path of a URL; None where there is none."""
    known = doors()
    if door := known.get(path):
        return door
    head, _, last = path.rpartition("/")
    if last and (door := known.get(head + KEY_IN_PATH)):
        return replace(door, key_text=last)
    for pattern, door in _doors_with_places():
        if pattern.fullmatch(path):
            return replace(door, path=path)
    return None


@lru_cache
def _doors_with_places() -> Sequence[tuple[re.Pattern[str], Door]]:
    """Those whose paths say what the request is about."""
    others = ((path, door) for path, door in doors().items() if not path.endswith(KEY_IN_PATH))
    return [(path_pattern(path), door) for path, door in others if "<" in path]


@dataclass(frozen=True, slots=True)
class Posted:
    """A request: WSGI's variables (which Django calls `request.META`), and its body.

    `read` gives the body, at most so many bytes.
    """

    environ: Mapping[str, Any]
    read: Callable[[int], bytes]

    def header(self, name: str) -> str:
        """A header by WSGI's name for it (`HTTP_...`); empty when it is not there."""
        found: str = self.environ.get(name, "")
        return found

    @property
    def length(self) -> int | None:
        """As announced; without a believable length the body is read, up to the limit."""
        text = self.environ.get("CONTENT_LENGTH") or ""
        return int(text) if text.isdecimal() and len(text) < 19 else None


@dataclass(slots=True)
class _Entry:
    """One request on its way in."""

    door: Door
    posted: Posted
    now: datetime
    received: Received | None = None
    key: ApiKey | None = None
    # Whether it comes from whom it says: nothing else may ever be replayed.
    checked: bool = False
    # Of the sender, for whoever looks at what failed.
    address: str | None = None


def take_in(door: Door, posted: Posted, *, now: datetime, store: Store) -> Reply:
    """Authenticate, read, check, parse, store, answer; refusals in the contract's own shape."""
    entry = _Entry(door, posted, now, address=address_of(posted.environ))
    try:
        return _store(entry, *_admit(entry), store)
    except OpsError as error:
        _note_failure(entry, error)
        if isinstance(error, RateLimitedError) and door.format.overload:
            error.status = door.format.overload
        return refuse(door.format, error)
    except (OperationalError, InterfaceError, TimeoutError) as error:
        logger.warning("intake unavailable error=%s", type(error).__name__)
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        return refuse(door.format, UnavailableError())
    except Exception:
        # A bug of ours: the sender still gets its contract's shape, the log the reason.
        logger.exception("intake failed format=%s", door.format.slug)
        ours = OpsError("The portal failed here; it has been logged.")
        _note_failure(entry, ours)
        return refuse(door.format, ours)


def _admit(entry: _Entry) -> tuple[Received, ApiKey]:
    """Find out who it is and whether they may, and read it. Raises OpsError."""
    alert_format, now = entry.door.format, entry.now
    text = entry.door.key_text or offered_key(entry.posted.environ)
    if alert_format.key_in_body:
        entry.received = _receive(entry)
        text = alert_format.key_text(entry.received) or text
    key = recall_key(text, now)
    if alert_format.scope not in key.scopes:  # granted since?
        key = resolve_key(text, now)
    require_scope(key, alert_format.scope)
    entry.key = key
    if alert_format.overload is not None:
        spend(key, now)
    if entry.received is None:
        entry.received = _receive(entry, key)
    else:
        entry.received = replace(entry.received, team_id=key.team_id, key_id=key.pk)
    return entry.received, key


def _receive(entry: _Entry, key: ApiKey | None = None) -> Received:
    """The request with its body. Raises TooLargeError before reading it, where that can be."""
    posted, alert_format = entry.posted, entry.door.format
    encoding = posted.header("HTTP_CONTENT_ENCODING").lower()
    if encoding not in ("", "identity"):
        raise PayloadError(f"Content-Encoding {encoding[:40]!r} is not understood; send it plain.")
    most = alert_format.max_body or settings.MAX_BODY_BYTES
    length = posted.length or 0
    body = b"" if length > most else posted.read(most + 1)
    if length > most or len(body) > most:
        size = f"{most // 1024} KiB" if most < 1024 * 1024 else f"{most // 1024 // 1024} MiB"
        raise TooLargeError(f"The body is larger than {size}; send it in parts.")
    return Received(
        body,
        entry.now,
        team_id=key.team_id if key else None,
        key_id=key.pk if key else 0,
        path=entry.door.path,
        query=posted.environ.get("QUERY_STRING", ""),
        content_type=posted.environ.get("CONTENT_TYPE", ""),
        headers=_kept_headers(posted, alert_format.keeps_headers),
    )


def _kept_headers(posted: Posted, wanted: Sequence[str]) -> dict[str, str]:
    """Of the request's headers those that are wanted and say something."""
    kept = {}
    for name in wanted:
        variable = f"HTTP_{name.upper().replace('-', '_')}"
        if not name.endswith("*"):
            names = [variable]
        else:
            begins = variable.removesuffix("*")
            names = [found for found in posted.environ if found.startswith(begins)]
        for found in names:
            if value := posted.header(found):
                kept[found.removeprefix("HTTP_").replace("_", "-").lower()] = value
    return kept


def _store(entry: _Entry, received: Received, key: ApiKey, store: Store) -> Reply:
    """Parse what was received and have it stored; the answer."""
    alert_format = entry.door.format
    verify_signature(
        key, received, entry.posted.header, contract_header=alert_format.signature_header
    )
    alert_format.check(received)
    entry.checked = True
    token = entry.posted.header("HTTP_IDEMPOTENCY_KEY")
    if len(token) > 255:
        raise PayloadError("Idempotency-Key is longer than 255 characters.")
    parsed = alert_format.parse(received)
    if parsed.changes:
        known = CHANGES_SCOPE in key.scopes
        require_scope(key if known else confirm_key(key, entry.now), CHANGES_SCOPE)
    if token:
        parsed = replace(parsed, token=token)
    submission = Submission(
        alert_format,
        received,
        parsed,
        key,
        parsed.token,
        # The sender's own number stands for itself, however it signs when it sends again.
        _hash_of(received) if token else "",
        entry.address,
        entry.posted.header("HTTP_X_REQUEST_ID")[:64],
    )
    try:
        stored = store(submission)
    except IntegrityError:
        # Another process kept an answer to this Idempotency-Key meanwhile: now it is found.
        stored = store(submission)
    _note(entry, parsed.size, _first_complaint(parsed))
    return stored if isinstance(stored, Reply) else alert_format.answer(parsed, stored)


def _hash_of(received: Received) -> str:
    """Of all that an Idempotency-Key stands for: what is asked, and at which door."""
    asked = f"{received.path}?{received.query}\n".encode(errors="surrogateescape")
    return sha256(asked + received.body).hexdigest()


def _first_complaint(parsed: Parsed) -> str:
    return parsed.rejected[0].errors[0].message if parsed.rejected else ""


def _note(entry: _Entry, events: int = 0, error: str = "") -> None:
    if entry.key is not None:
        agent = entry.posted.header("HTTP_USER_AGENT")
        slug = entry.door.format.slug
        tally.note(Use(entry.key.pk, slug, entry.now, events, error, entry.address, agent))


def _note_failure(entry: _Entry, error: OpsError) -> None:
    """Count it; and keep what was sent by whom we know, so that it can be looked at."""
    _note(entry, error=error.message)
    received = entry.received
    if received is None or not received.key_id or isinstance(error, RateLimitedError):
        return
    more = [f"{e.field}: {e.message}" for e in error.errors if e.message not in error.message]
    text = "\n".join([error.message, *more])
    keep_failure(
        delivery_of(
            received, format_slug=entry.door.format.slug, address=entry.address, error=text
        ),
        refused=not entry.checked,
    )
