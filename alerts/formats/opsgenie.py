"""Opsgenie's Alert API, as far as senders speak it: create, close, and what is done in between.

Contract: docs.opsgenie.com "Alert API" and "Response". An alias is one alert of the key's team, so
that two teams' senders cannot take each other's; an id is the number of an alert that came in here.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import msgspec
from msgspec import Struct

from alerts.formats import AlertFormat
from alerts.formats.labels import MOST_PAIRS, cut_values, fields_of, severity_of, web_links
from alerts.normalise import (
    FIRING,
    LONGEST_NOTE,
    LONGEST_SNOOZE,
    RESOLVED,
    AlertEvent,
    Receipt,
    Respond,
)
from opsportal.lib.contracts import Parsed, Received, Reply, check_instant, split_json
from opsportal.lib.errors import FieldError, OpsError, PayloadError, TooLargeError
from opsportal.lib.payloads import complaint_of
from opsportal.lib.redact import redact_value

PRIORITIES = ("P1", "P2", "P3", "P4", "P5")
_LONGEST_KEY = 255


class CreateAlert(Struct):
    """The body of a creation. What is not here, such as responders, is kept in the raw record."""

    message: str
    alias: str | None = None
    description: str | None = None
    details: dict[str, str | int | float | bool | None] | None = None
    source: str | None = None
    priority: str | None = None
    entity: str | None = None
    tags: list[str] | None = None
    user: str | None = None
    note: str | None = None


class AlertAction(Struct, rename="camel"):
    """The body of whatever is done to an alert."""

    user: str | None = None
    note: str | None = None
    end_time: datetime | None = None
    message: str | None = None
    description: str | None = None


_created = msgspec.json.Decoder(CreateAlert)
_action = msgspec.json.Decoder(AlertAction)
# Last segment of the path -> deed of `alerts.orders`, and Opsgenie's name of it.
_DEEDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "close": ("resolve", "Close"),
        "acknowledge": ("acknowledge", "Acknowledge"),
        "unacknowledge": ("unacknowledge", "UnAcknowledge"),
        "snooze": ("snooze", "Snooze"),
        "notes": ("note", "AddNote"),
        "message": ("reword", "Update"),
        "description": ("reword", "Update"),
    }
)


class OpsgenieFormat(AlertFormat):
    """`POST /v2/alerts`, and what follows it."""

    slug = "opsgenie"
    label = "Opsgenie"
    paths = tuple(
        path
        for prefix in ("/v2/alerts", "/opsgenie/v2/alerts")
        for path in (prefix, *(f"{prefix}/<id>/{verb}" for verb in _DEEDS))
    )
    methods = frozenset({"POST", "PUT"})

    def parse(self, received: Received) -> Parsed:
        """A new alert, or one thing to be done to one. The token is the request's id."""
        _, _, rest = received.path.partition("/v2/alerts")
        if not rest:
            event = _event(_decode(_created, received.body), received)
            return Parsed([event], many=False, token=str(uuid4()))
        identifier, _, verb = rest.removeprefix("/").rpartition("/")
        action = _decode(_action, received.body or b"{}")
        kind = parse_qs(received.query).get("identifierType", ["id"])[-1]
        return _do(verb, action, kind, identifier.replace("\0", "\ufffd"), received)

    def answer(self, parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
        """202; `data` is more than Opsgenie says, and what it says of the request later."""
        data = {"action": _action_name(parsed), "alertId": "", "alias": ""}
        if receipts:
            data["alertId"] = str(receipts[0].alert_id or "")
            data["alias"] = alias_of(receipts[0].dedup_key)
        answer = shaped(result="Request will be processed", data=data)
        answer["requestId"] = parsed.token
        return Reply(202, msgspec.json.encode(answer))

    def refuse(self, error: OpsError) -> Reply:
        """422 for fields, 400 for what is no JSON, the rest by its status."""
        fields = {e.field: e.message for e in error.errors if e.field}
        if not fields or not isinstance(error, PayloadError) or isinstance(error, TooLargeError):
            return Reply(error.status, msgspec.json.encode(shaped(message=error.message)))
        message = "Request body is not processable. Please check the errors."
        return Reply(422, msgspec.json.encode(shaped(message=message, errors=fields)))


def shaped(**fields: object) -> dict[str, object]:
    """The fields of an answer with those that each has; how long it took is not measured."""
    return {**fields, "took": 0.0, "requestId": str(uuid4())}


def scope_of(team_id: int | None) -> str:
    """How the dedup keys of that team's aliases begin."""
    return f"opsgenie:{team_id or ''}:"


def dedup_key_of(team_id: int | None, alias: str) -> str:
    """The alias within its team; hashed when too long."""
    scope = scope_of(team_id)
    if len(scope) + len(alias) <= _LONGEST_KEY:
        return scope + alias
    return f"{scope}sha256:{sha256(alias.encode()).hexdigest()}"


def alias_of(dedup_key: str) -> str:
    """The alias that it was made of."""
    return dedup_key.split(":", 2)[-1]


def _decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    members, many = split_json(body)
    if many:
        raise PayloadError("The body must be an object.")
    try:
        return decoder.decode(members[0])
    except msgspec.ValidationError as error:
        complaint = complaint_of(str(error))
        field = complaint.field.partition("[")[0] or "body"
        raise _refusal(field, complaint.message) from error
    except (msgspec.MsgspecError, RecursionError) as error:
        raise PayloadError(f"The body is not valid JSON: {error}") from error


def _refusal(field: str, message: str) -> PayloadError:
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])


def _event(given: CreateAlert, received: Received) -> AlertEvent:
    message = given.message.strip()
    if not message:
        raise _refusal("message", "Message can not be empty.")
    if given.priority and given.priority not in PRIORITIES:
        raise _refusal("priority", f"Priority should be one of {', '.join(PRIORITIES)}.")
    labels = {"tags": ",".join(given.tags or ()), **_texts(redact_value(given.details or {}))}
    labels = {name: text for name, text in labels.items() if text}
    if len(labels) > MOST_PAIRS:
        raise _refusal("details", f"There are more than {MOST_PAIRS}.")
    fields = fields_of({**labels, "name": message}, {})
    more = {"note": given.note, "user": given.user}
    source = given.source or ""
    links = web_links((source, "source"), (labels.get("url"), "link"))
    fields |= {
        "severity": severity_of(given.priority or labels.get("severity", "")),
        # Alertmanager's alerts have a name of their own.
        "summary": message[:1024] if fields["name"] != message else "",
        "description": (given.description or "")[:32_768],
        "resource": (given.entity or fields["resource"])[:300],
        "source": "opsgenie" if links and links[0].href == source else source[:200] or "opsgenie",
    }
    return AlertEvent(
        **fields,
        dedup_key=dedup_key_of(received.team_id, given.alias or str(uuid4())),
        labels=cut_values(labels, received.body),
        annotations=cut_values({n: text for n, text in more.items() if text}, received.body),
        links=links,
        team_id=received.team_id,
        payload=split_json(received.body)[0][0],
    )


def _texts(details: Mapping[str, str | int | float | bool | None]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in details.items()
        if value is not None
    }


def _do(verb: str, action: AlertAction, kind: str, identifier: str, received: Received) -> Parsed:
    """One of the deeds; closing by alias is the sender's own word that it is over."""
    if not identifier:
        raise _refusal("identifier", "Identifier can not be empty.")
    arguments = _arguments(verb, action, received.now)
    token = str(uuid4())
    if kind in ("id", "tiny"):
        number, within = _number(identifier), scope_of(received.team_id)
        order = Respond(action=_DEEDS[verb][0], alert_id=number, within=within, arguments=arguments)
        return Parsed([], orders=[order], many=False, token=token)
    if kind != "alias":
        raise _refusal("identifierType", "Identifier type should be one of id, tiny, alias.")
    key = dedup_key_of(received.team_id, identifier)
    if verb != "close":
        order = Respond(action=_DEEDS[verb][0], dedup_key=key, arguments=arguments)
        return Parsed([], orders=[order], many=False, token=token)
    ended = AlertEvent(
        name=identifier[:300],
        dedup_key=key,
        status=RESOLVED,
        ends_at=received.now,
        team_id=received.team_id,
        payload=received.body,
    )
    note = Respond(action="note", dedup_key=key, arguments=arguments)
    orders = [note] if arguments["note"] else []
    return Parsed([ended], orders=orders, many=False, token=token)


def _number(identifier: str) -> int:
    """Of an alert; 0, which none has, for what is no number of ours."""
    fits = identifier.isascii() and identifier.isdecimal() and len(identifier) < 19
    return int(identifier) if fits else 0


def _arguments(verb: str, action: AlertAction, now: datetime) -> dict[str, Any]:
    """What the deed is given. Raises PayloadError."""
    needed = {
        "notes": ("note", action.note),
        "message": ("message", action.message),
        "description": ("description", action.description),
    }
    if verb in needed:
        field, text = needed[verb]
        if not (text or "").strip():
            raise _refusal(field, f"{field.capitalize()} can not be empty.")
    if verb == "message":
        return {"field": "summary", "text": (action.message or "").strip()[:1024]}
    if verb == "description":
        return {"field": "description", "text": (action.description or "")[:32_768]}
    said = [(action.note or "").strip(), f"(by {action.user})" if action.user else ""]
    note = {"note": " ".join(text for text in said if text)[:LONGEST_NOTE]}
    return {**note, "until": _until(action.end_time, now)} if verb == "snooze" else note


def _until(given: datetime | None, now: datetime) -> datetime:
    """The end of a snooze; without an offset it is in UTC."""
    if given is None:
        raise _refusal("endTime", "End time can not be empty.")
    try:
        until = check_instant(given.replace(tzinfo=given.tzinfo or UTC))
    except ValueError as error:
        raise _refusal("endTime", f"End time {error}.") from None
    if not now < until <= now + LONGEST_SNOOZE:
        raise _refusal("endTime", "End time should be in the future, and at most a year away.")
    return until


def _action_name(parsed: Parsed) -> str:
    if parsed.events:
        return "Create" if parsed.events[0].status == FIRING else "Close"
    done = parsed.orders[0]
    return next(name for deed, name in _DEEDS.values() if deed == getattr(done, "action", ""))
