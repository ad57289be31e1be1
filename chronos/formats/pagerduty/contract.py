"""What alert events and change events have in common: the envelope, its key, its errors.

Contract: docs/events-API-v2 of PagerDuty/developer-docs, reference/events-v2 of
PagerDuty/api-schema. Words of complaints that neither gives are as PagerDuty's users quote them:
blockpane/tenderduty #10, dagster-io/dagster #19567, prometheus-community/helm-charts #2309,
SigNoz/signoz #9536, wazuh/wazuh #17540; of a key that is not known, robusta-dev/robusta #571.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from opsportal.lib.contracts import (
    MOST_LEVELS,
    Format,
    Received,
    Reply,
    check_instant,
    is_deep,
    split_json,
)
from opsportal.lib.errors import (
    FieldError,
    NotAuthenticatedError,
    OpsError,
    PayloadError,
    RateLimitedError,
    RefusedKeyError,
    TooLargeError,
)
from opsportal.lib.redact import redact_value

KEY_LENGTH = 32
MAX_BODY = 512 * 1024
LONGEST_SUMMARY = 1024
INVALID = "Event object is invalid"
UNRECOGNIZED = "Event object format is unrecognized"
_FORM = re.compile(r"[A-Za-z0-9]+")
# Our usual keys fit where nobody counts their letters.
_OURS = re.compile(r"ops_[\w-]+")
# Of a body that is no JSON: whose it is.
_KEY = re.compile(rb'"routing_key"\s*:\s*"([\w-]{32,64})"')
# The SDK's own timestamps end in an offset and a Z.
_TWICE = re.compile(r"([+-]\d\d:?\d\d)Z$")


class EventsApiFormat(Format):
    """A door that takes one event, with the key in it."""

    key_in_body = True
    max_body = MAX_BODY

    def complaints(self, event: Mapping[str, Any]) -> list[str]:
        """What is wrong with the event, its key left aside; in PagerDuty's words."""
        raise NotImplementedError

    def read(self, received: Received) -> dict[str, Any]:
        """The event without secrets. Raises PayloadError with all complaints."""
        event = read_event(received.body)
        if complaints := self.complaints(event):
            raise refusal(complaints)
        # Beside the routing key there are details, into which people dump what they have.
        clean: dict[str, Any] = redact_value(event)
        return clean

    def key_text(self, received: Received) -> str:
        """`routing_key`. Raises PayloadError, with all complaints, where it can be no key."""
        try:
            event = read_event(received.body)
        except PayloadError:
            if found := _KEY.search(received.body):
                return found[1].decode()
            raise
        key = event.get("routing_key")
        if key is None or key == "":
            return ""
        if wrong := _wrong_key(key):
            raise refusal([*wrong, *self.complaints(event)])
        return str(key)

    def refuse(self, error: OpsError) -> Reply:
        """What PagerDuty says; 401 and 403, which it does not know, in the same shape."""
        if isinstance(error, RateLimitedError):
            return Reply(error.status)
        status, kind, message = error.status, "invalid event", INVALID
        errors = [complaint.message for complaint in error.errors] or [error.message]
        if isinstance(error, RefusedKeyError):
            status, errors = 400, ["Invalid routing key"]
        elif isinstance(error, NotAuthenticatedError):
            errors = ["'routing_key' cannot be blank"]
        elif isinstance(error, TooLargeError):
            status = 400
        elif error.message == UNRECOGNIZED:
            kind, message = "Unrecognized object", UNRECOGNIZED
        elif status >= 500:
            kind, message, errors = error.code, error.message, []
        body = {"status": kind, "message": message, "errors": errors}
        return Reply(status, msgspec.json.encode(body))


def read_event(body: bytes) -> dict[str, Any]:
    """The JSON object, of no endless depth, with the secrets in it. Raises PayloadError."""
    try:
        members, many = split_json(body)
        event = None if many else msgspec.json.decode(members[0])
    except (PayloadError, msgspec.MsgspecError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise PayloadError(UNRECOGNIZED, [FieldError("", "JSON parse error")])
    if is_deep(event):
        deep = f"The event is nested deeper than {MOST_LEVELS} levels"
        raise PayloadError(UNRECOGNIZED, [FieldError("", deep)])
    return event


def refusal(complaints: list[str]) -> PayloadError:
    """The error that answers with these."""
    return PayloadError(INVALID, [FieldError("", complaint) for complaint in complaints])


def _wrong_key(key: object) -> list[str]:
    if isinstance(key, str) and _OURS.fullmatch(key):
        return []
    wrong = []
    if not isinstance(key, str) or len(key) != KEY_LENGTH:
        wrong.append(f"Length of 'routing_key' is incorrect (should be {KEY_LENGTH} characters)")
    if not isinstance(key, str) or not _FORM.fullmatch(key):
        wrong.append("'routing_key' cannot contain non-alphanumeric characters.")
    return wrong


def member(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object of that name; empty when there is none."""
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str:
    """A text, number or truth value as text; of anything else the empty text."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool | int | float):
        return msgspec.json.encode(value).decode()
    return ""


def wrong_summary(payload: Mapping[str, Any]) -> list[str]:
    """Complaints about `summary`."""
    summary = text_of(payload.get("summary"))
    if not summary:
        return ["'payload.summary' is missing or blank"]
    if len(summary) > LONGEST_SUMMARY:
        # PagerDuty's own spelling.
        return [f"'summary' is too long (maiximum is {LONGEST_SUMMARY} characters)"]
    return []


def read_instant(given: object) -> datetime | None:
    """ISO 8601 as senders write it, in UTC where nothing is said, or seconds since 1970.

    None for what cannot be read: no event is lost for its timestamp.
    """
    try:
        if isinstance(given, str):
            instant = datetime.fromisoformat(_TWICE.sub(r"\1", given.strip()))
        elif isinstance(given, int | float) and not isinstance(given, bool):
            instant = datetime.fromtimestamp(given, UTC)
        else:
            return None
        return check_instant(instant.replace(tzinfo=instant.tzinfo or UTC))
    except (ValueError, OverflowError, OSError):
        return None
