"""Ingest: an HTTP request of any alert format becomes stored events and the contract's answer.

The same deed serves two doors: `opsportal.wsgi`, which takes the hot paths past Django's
middleware and shares commits between requests, and plain Django views.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction

from alerts.formats import AlertFormat, Parsed, Reply
from alerts.models import IdempotentReply
from alerts.normalise import AlertEvent, Receipt
from alerts.receive import prepare_alerts, store_alerts
from opsportal.accounts.keys import confirm_key, recall_key, require_scope, resolve_key
from opsportal.accounts.models import ApiKey
from opsportal.accounts.throttle import spend
from opsportal.lib.deadlocks import start_over
from opsportal.lib.errors import (
    ConflictError,
    OpsError,
    PayloadError,
    TooLargeError,
    UnavailableError,
)
from opsportal.lib.groupcommit import GroupCommit

logger = logging.getLogger(__name__)

# Path -> slug of the format that is spoken there.
INTAKES = {
    "/api/v1/alerts": "native",
    "/alertmanager/api/v2/alerts": "alertmanager",
}
SCOPE = "alerts:write"


@dataclass(frozen=True, slots=True)
class Posted:
    """What intake needs to know of a request; `read` gives the body, at most so many bytes."""

    authorization: str
    idempotency_key: str
    content_length: int | None
    content_encoding: str
    read: Callable[[int], bytes]


def posted(environ: Mapping[str, Any], read: Callable[[int], bytes]) -> Posted:
    """What intake needs to know, from WSGI's variables (which Django calls `request.META`)."""
    length = environ.get("CONTENT_LENGTH") or ""
    return Posted(
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        idempotency_key=environ.get("HTTP_IDEMPOTENCY_KEY", ""),
        # Without a believable length the body is read, up to the limit.
        content_length=int(length) if length.isdecimal() and len(length) < 19 else None,
        content_encoding=environ.get("HTTP_CONTENT_ENCODING", "").lower(),
        read=read,
    )


@dataclass(frozen=True, slots=True)
class Submission:
    """One request's events, ready to be stored with others'."""

    format: AlertFormat
    parsed: Parsed
    now: datetime
    key: ApiKey
    token: str
    body_hash: str


# The answer, or what to make it of once everything is committed.
Stored = Reply | Sequence[Receipt]
Store = Callable[[Submission], Stored]


def take_in(alert_format: AlertFormat, posted: Posted, *, now: datetime, store: Store) -> Reply:
    """Authenticate, read, parse, store, answer; every refusal in the contract's own shape."""
    try:
        key = recall_key(posted.authorization, now)
        if SCOPE not in key.scopes:  # granted since?
            key = resolve_key(posted.authorization, now)
        require_scope(key, SCOPE)
        spend(key, now)
        body = _read(posted)
        token = posted.idempotency_key
        if len(token) > 255:
            raise PayloadError("Idempotency-Key is longer than 255 characters.")
        parsed = alert_format.parse(body, now=now, team_id=key.team_id)
        body_hash = sha256(body).hexdigest() if token else ""
        submission = Submission(alert_format, parsed, now, key, token, body_hash)
        try:
            stored = store(submission)
        except IntegrityError:
            # Another process kept an answer to this Idempotency-Key meanwhile: now it is found.
            stored = store(submission)
        return stored if isinstance(stored, Reply) else alert_format.answer(parsed, stored)
    except OpsError as error:
        return _refuse(alert_format, error)
    except (OperationalError, InterfaceError, TimeoutError) as error:
        logger.warning("intake unavailable error=%s", type(error).__name__)
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        return _refuse(alert_format, UnavailableError())
    except Exception:
        # A bug of ours: the sender still gets its contract's shape, the log the reason.
        logger.exception("intake failed format=%s", alert_format.slug)
        return _refuse(alert_format, OpsError("The portal failed here; it has been logged."))


def _read(posted: Posted) -> bytes:
    """The body. Raises TooLargeError before reading it where the length is announced."""
    if posted.content_encoding not in ("", "identity"):
        raise PayloadError(
            f"Content-Encoding {posted.content_encoding[:40]!r} is not understood; send it plain."
        )
    most = settings.MAX_BODY_BYTES
    body = b"" if (posted.content_length or 0) > most else posted.read(most + 1)
    if (posted.content_length or 0) > most or len(body) > most:
        raise TooLargeError(
            f"The body is larger than {most // 1024 // 1024} MiB; send it in parts."
        )
    return body


def _refuse(alert_format: AlertFormat, error: OpsError) -> Reply:
    reply = alert_format.refuse(error)
    return Reply(reply.status, reply.body, reply.content_type, {**reply.headers, **error.headers})


def store_submissions(submissions: Sequence[Submission]) -> list[Stored]:
    """Store many requests in one transaction; what each is to be answered."""
    return start_over(lambda: _store_at_once(submissions))


def _store_at_once(submissions: Sequence[Submission]) -> list[Stored]:
    now = max(submission.now for submission in submissions)
    # Before the transaction: others wait for its locks.
    prepared = prepare_alerts(_events(submissions), now=now)
    with transaction.atomic():
        stored: dict[int, Stored] = {}
        fresh: list[int] = []
        refused = _refused_keys(submissions, now)
        for place, submission in enumerate(submissions):
            if error := refused.get(submission.key.pk):
                stored[place] = _refuse(submission.format, error)
            elif submission.token and (earlier := _earlier_reply(submission)):
                stored[place] = earlier
            else:
                fresh.append(place)
        if stored:
            prepared = prepare_alerts(_events([submissions[place] for place in fresh]), now=now)
        receipts = store_alerts(prepared)
        start = 0
        for place in fresh:
            submission = submissions[place]
            end = start + len(submission.parsed.events)
            stored[place] = receipts[start:end]
            if submission.token:
                reply = submission.format.answer(submission.parsed, receipts[start:end])
                _keep_reply(submission, reply)
                stored[place] = reply
            start = end
    return [stored[place] for place in range(len(submissions))]


def _events(submissions: Sequence[Submission]) -> list[AlertEvent]:
    return [event for submission in submissions for event in submission.parsed.events]


def _refused_keys(submissions: Sequence[Submission], now: datetime) -> dict[int, OpsError]:
    """Keys that were good when recalled and have been revoked, or lost their scope, meanwhile."""
    refused: dict[int, OpsError] = {}
    for key in {submission.key.pk: submission.key for submission in submissions}.values():
        try:
            require_scope(confirm_key(key, now), SCOPE)
        except OpsError as error:
            refused[key.pk] = error
    return refused


def store_submission(submission: Submission) -> Stored:
    """Store one request by itself."""
    return store_submissions([submission])[0]


def _earlier_reply(submission: Submission) -> Reply | None:
    """The answer already given to this Idempotency-Key."""
    kept = IdempotentReply.objects.filter(key=submission.key, token=submission.token).first()
    if kept is None:
        return None
    if kept.body_hash != submission.body_hash:
        return _refuse(
            submission.format,
            ConflictError("This Idempotency-Key was used with another body; take a new one."),
        )
    return Reply(kept.status, kept.body.encode(), headers={"Idempotent-Replayed": "true"})


def _keep_reply(submission: Submission, reply: Reply) -> None:
    IdempotentReply.objects.create(
        key=submission.key,
        token=submission.token,
        body_hash=submission.body_hash,
        status=reply.status,
        body=reply.body.decode(),
        created_at=submission.now,
    )


# Requests on the hot paths share commits; a batch holds about so many alerts.
shared_commits: GroupCommit[Submission, Stored] = GroupCommit(
    store_submissions, weigh=lambda submission: len(submission.parsed.events), most=1000
)
