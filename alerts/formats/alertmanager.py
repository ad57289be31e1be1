"""Alertmanager's API v2: what Prometheus posts to `/api/v2/alerts`.

Contract: prometheus/alertmanager api/v2/openapi.yaml. Errors of meaning are JSON strings with 400
and leave the batch's good members stored; errors of shape refuse the whole batch.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from alerts.formats import AlertFormat
from alerts.formats.labels import (
    LabelledAlert,
    cut_values,
    dedup_keys_of,
    fields_of,
    instant_of,
    pairs_of,
    web_links,
)
from alerts.normalise import FIRING, RESOLVED, AlertEvent, Receipt
from opsportal.lib.contracts import Parsed, Received, Rejection, Reply, split_json
from opsportal.lib.errors import FieldError, OpsError, PayloadError

# Without `endsAt` an alert lasts so long after its last receipt (Alertmanager's resolve_timeout).
RESOLVE_TIMEOUT = timedelta(minutes=5)
SOURCE = "prometheus"
# The text of a link to where the alert was made.
GENERATOR = "source"
NO_STORE: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store"})
_NO_TIME = re.compile(rb'("(?:starts|ends)At"\s*:\s*)""')
# What Go's url.ParseRequestURI takes, but for odd hosts and ports.
_URI = re.compile(
    r"(?:/|[A-Za-z][A-Za-z0-9+.-]*:)(?:[^%?\x00-\x1f\x7f]++|%[0-9A-Fa-f]{2})*+"
    r"(?:\?[^\x00-\x1f\x7f]*)?"
)


_decoder = msgspec.json.Decoder(LabelledAlert)


class ShapeError(PayloadError):
    """What the contract's schema does not allow; `number` is go-openapi's code of it."""

    def __init__(self, status: int, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.number = number or status


def check_json(content_type: str) -> None:
    """Raise ShapeError for another media type than JSON."""
    given = content_type.partition(";")[0].strip().lower()
    if given != "application/json":
        allowed = "only [application/json] are allowed"
        raise ShapeError(415, f'unsupported media type "{given[:100]}", {allowed}')


def unreadable(what: str, reason: object) -> ShapeError:
    """A body that cannot be decoded."""
    return ShapeError(400, f'parsing {what} body from "" failed, because {reason}')


def refusal(error: OpsError) -> bytes:
    """Errors of shape, and all that are none of meaning: a code and a message."""
    number = error.number if isinstance(error, ShapeError) else error.status
    return msgspec.json.encode({"code": number, "message": error.message})


class AlertmanagerFormat(AlertFormat):
    """`POST /alertmanager/api/v2/alerts`."""

    slug = "alertmanager"
    label = "Alertmanager v2"
    paths = ("/alertmanager/api/v2/alerts",)
    # Prometheus drops what is refused.
    overload = None
    keeps_all = False

    def parse(self, received: Received) -> Parsed:
        """An array of postable alerts."""
        check_json(received.content_type)
        if not received.body:
            raise ShapeError(422, "alerts in body is required", 602)
        members = _split(received.body)
        alerts = _decode(members)
        _check_shapes(alerts)
        checked, rejected = [], []
        for index, alert in enumerate(alerts):
            try:
                checked.append(_check(alert, members[index], received.now))
            except ValueError as error:
                rejected.append(Rejection(index, (FieldError("", str(error)),)))
        keys = dedup_keys_of([each.labels for each in checked])
        events = [_event(*pair, received) for pair in zip(checked, keys, strict=True)]
        return Parsed(events, rejected)

    def answer(self, parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
        """200 and nothing, or 400 with the complaints although the rest is stored."""
        if not parsed.rejected:
            return Reply(200, headers=NO_STORE)
        complaints = "; ".join(r.errors[0].message for r in parsed.rejected)
        return Reply(400, msgspec.json.encode(complaints), headers=NO_STORE)

    def refuse(self, error: OpsError) -> Reply:
        """Errors of shape carry a code and a message."""
        return Reply(error.status, refusal(error), headers=NO_STORE)


def _split(body: bytes) -> list[bytes]:
    """The members of the array; `null` is none."""
    try:
        members, many = split_json(body)
    except PayloadError as error:
        raise unreadable("alerts", error.message) from error
    if not many and members[0].strip() != b"null":
        raise unreadable("alerts", "it is no array")
    return members if many else []


def _decode(members: Sequence[bytes]) -> list[LabelledAlert]:
    try:
        return [_decoder.decode(member) for member in members]
    except (msgspec.MsgspecError, UnicodeError) as error:
        plain = [_NO_TIME.sub(rb"\1null", member) for member in members]
        if plain == list(members):
            raise unreadable("alerts", error) from error
    return _decode(plain)


def _check_shapes(alerts: Sequence[LabelledAlert]) -> None:
    """Raise ShapeError for the first that the schema does not allow."""
    for index, alert in enumerate(alerts):
        url = alert.generator_url
        if url and not _URI.fullmatch(url):
            given = msgspec.json.encode(url).decode()
            raise ShapeError(422, f"{index}.generatorURL in body must be of type uri: {given}", 601)
        if alert.labels is None:
            raise ShapeError(422, f"{index}.labels in body is required", 602)


class _Checked(NamedTuple):
    """An alert that says what an alert must say."""

    labels: dict[str, str]
    notes: dict[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    generator_url: str | None
    payload: bytes


def _check(alert: LabelledAlert, payload: bytes, now: datetime) -> _Checked:
    """Raises ValueError, in Alertmanager's words where it has some."""
    starts_at, ends_at = instant_of(alert.starts_at), instant_of(alert.ends_at)
    if starts_at and (ends_at or now + RESOLVE_TIMEOUT) < starts_at:
        raise ValueError("start time must be before end time")
    return _Checked(*pairs_of(alert), starts_at, ends_at, alert.generator_url, payload)


def _event(alert: _Checked, dedup_key: str, received: Received) -> AlertEvent:
    ends_at, payload = alert.ends_at, alert.payload
    return AlertEvent(
        **fields_of(alert.labels, alert.notes),
        dedup_key=dedup_key,
        status=RESOLVED if ends_at and ends_at <= received.now else FIRING,
        source=SOURCE,
        labels=cut_values(alert.labels, payload),
        annotations=cut_values(alert.notes, payload),
        links=web_links((alert.generator_url, GENERATOR)),
        starts_at=alert.starts_at,
        ends_at=ends_at,
        timeout=None if ends_at else RESOLVE_TIMEOUT,
        team_id=received.team_id,
        payload=payload,
    )
