"""What is posted to Alerta: JSON to checked values, with Alerta's own complaints.

Source: alerta 9.1 (alerta/models/alert.py, heartbeat.py, blackout.py, utils/format.py). It knows no
limits; pages, messages and rows need some.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from alerts.formats.alerta.alarm import NORMAL, OPEN, SEVERITIES, STATUSES
from alerts.normalise import PostedDocument
from opsportal.lib.contracts import check_instant, split_json
from opsportal.lib.errors import FieldError, PayloadError

DEFAULT_TIMEOUT = 86_400
LONGEST_TIMEOUT = 3660 * 86_400
LONGEST_EVENT = LONGEST_RESOURCE = LONGEST_ORIGIN = 300
LONGEST_ENVIRONMENT, LONGEST_CUSTOMER, LONGEST_GROUP, LONGEST_TYPE = 100, 200, 200, 100
LONGEST_VALUE, LONGEST_TEXT, LONGEST_RAW = 1000, 32_768, 262_144
MOST_WORDS, LONGEST_WORD = 200, 500
MOST_ATTRIBUTES, LONGEST_ATTRIBUTES, DEEPEST_ATTRIBUTE = 200, 65_536, 10
_LARGEST = 1e300
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
Json = Mapping[str, Any]


class PostedAlert(PostedDocument, frozen=True, kw_only=True):
    """An alert as it was posted. None: not said."""

    id: UUID | None
    resource: str
    event: str
    environment: str
    severity: str
    correlate: list[str]
    status: str
    service: list[str]
    group: str
    value: str | None
    text: str
    tags: list[str]
    attributes: dict[str, Any]
    origin: str
    type: str
    created_at: datetime | None
    timeout: int
    raw_data: str
    customer: str
    payload: bytes = b""

    @property
    def place(self) -> str:
        """Of its resource: what alerts have in common that may be one another's."""
        return place_of(self.environment, self.resource, self.customer)


class PostedBeat(Struct, frozen=True, kw_only=True):
    """A heartbeat as it was posted."""

    origin: str
    tags: list[str]
    attributes: dict[str, Any]
    created_at: datetime | None
    timeout: int
    customer: str


def place_of(environment: str, resource: str, customer: str) -> str:
    """One name for the three, of the same length whatever theirs."""
    return sha256(msgspec.json.encode([environment, resource, customer])).hexdigest()


def read_object(body: bytes) -> Json:
    """The JSON object of a body. Raises PayloadError."""
    members, many = split_json(body)
    try:
        given = None if many else msgspec.json.decode(members[0])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise PayloadError(f"the body cannot be understood: {error}") from error
    if not isinstance(given, dict):
        raise PayloadError("the body must be a JSON object")
    return given


def read_alert(given: Json, payload: bytes = b"") -> PostedAlert:
    """The alert of a JSON object. Raises PayloadError."""
    for name in ("resource", "event"):
        if not given.get(name):
            raise _refused(name, f'Missing mandatory value for "{name}"')
    event = text_of(given, "event", LONGEST_EVENT)
    correlate = words_of(given, "correlate")
    if correlate and event not in correlate:
        correlate.append(event)
    return PostedAlert(
        id=_uuid(given.get("id")),
        resource=text_of(given, "resource", LONGEST_RESOURCE),
        event=event,
        environment=text_of(given, "environment", LONGEST_ENVIRONMENT),
        severity=_one_of(given, "severity", SEVERITIES, NORMAL),
        correlate=correlate,
        status=_one_of(given, "status", STATUSES, OPEN),
        service=words_of(given, "service"),
        group=text_of(given, "group", LONGEST_GROUP) or "Misc",
        value=None if given.get("value") is None else text_of(given, "value", LONGEST_VALUE),
        text=text_of(given, "text", LONGEST_TEXT),
        tags=list(dict.fromkeys(words_of(given, "tags"))),
        attributes=attributes_of(given),
        origin=text_of(given, "origin", LONGEST_ORIGIN) or "unknown",
        type=text_of(given, "type", LONGEST_TYPE) or "exceptionAlert",
        created_at=time_of(given, "createTime"),
        timeout=timeout_of(given, DEFAULT_TIMEOUT),
        raw_data=text_of(given, "rawData", LONGEST_RAW),
        customer=_customer(given),
        payload=payload,
    )


def read_beat(given: Json) -> PostedBeat:
    """The heartbeat of a JSON object. Raises PayloadError."""
    return PostedBeat(
        origin=text_of(given, "origin", LONGEST_ORIGIN) or "unknown",
        tags=words_of(given, "tags"),
        attributes=attributes_of(given),
        created_at=time_of(given, "createTime"),
        timeout=timeout_of(given, DEFAULT_TIMEOUT),
        customer=_customer(given),
    )


def text_of(given: Json, name: str, longest: int) -> str:
    """A text, or a number as one; empty when it is not there. Raises PayloadError."""
    value = given.get(name)
    if value is None:
        return ""
    if _is_number(value):
        value = str(value)
    if not isinstance(value, str):
        raise _refused(name, f"{name} must be a string")
    if len(value) > longest:
        raise _refused(name, f"{name} must not be longer than {longest} characters")
    return value


def words_of(given: Json, name: str) -> list[str]:
    """A list of texts, each on one line; empty when it is not there. Raises PayloadError."""
    value = given.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _refused(name, f"{name} must be a list")
    if len(value) > MOST_WORDS:
        raise _refused(name, f"{name} must not have more than {MOST_WORDS} members")
    if not all(isinstance(word, str) or _is_number(word) for word in value):
        raise _refused(name, f"{name} must be a list of strings")
    words = [str(word).replace("\n", " ") for word in value]
    if any(len(word) > LONGEST_WORD for word in words):
        raise _refused(name, f"{name} must have members of at most {LONGEST_WORD} characters")
    return words


def attributes_of(given: Json) -> dict[str, Any]:
    """The attributes; empty when there are none. Raises PayloadError."""
    value = given.get("attributes")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _refused("attributes", "attributes must be a JSON object")
    if any("." in key or "$" in key for key in value):
        raise _refused("attributes", 'Attribute keys must not contain "." or "$"')
    if not _is_flat(value, DEEPEST_ATTRIBUTE):
        raise _refused("attributes", "attributes must not be nested so deeply")
    if len(value) > MOST_ATTRIBUTES:
        raise _refused("attributes", f"attributes must not be more than {MOST_ATTRIBUTES}")
    if len(msgspec.json.encode(value)) > LONGEST_ATTRIBUTES:
        raise _refused("attributes", f"attributes must not be larger than {LONGEST_ATTRIBUTES}")
    return value


def merge_attributes(before: Json, given: Json) -> dict[str, Any]:
    """Both, within the bounds of one post: what was there before has to go."""
    kept = {name: value for name, value in before.items() if name not in given}
    merged = {**kept, **given}
    for name in list(kept):
        small = len(msgspec.json.encode(merged)) <= LONGEST_ATTRIBUTES
        if small and len(merged) <= MOST_ATTRIBUTES:
            break
        del merged[name]
    return merged


def timeout_of(given: Json, default: int) -> int:
    """Seconds; 0 is never. Raises PayloadError."""
    value = given.get("timeout")
    if value is None:
        return default
    if not isinstance(value, int):
        raise _refused("timeout", "timeout must be an integer")
    if value < 0:
        raise _refused("timeout", f"Invalid negative 'timeout' value ({value})")
    if value > LONGEST_TIMEOUT:
        raise _refused("timeout", f"timeout must not be more than {LONGEST_TIMEOUT} seconds")
    return int(value)


def time_of(given: Json, name: str) -> datetime | None:
    """An instant; None when there is none. Raises PayloadError."""
    value = given.get(name)
    return parse_time(value, name) if isinstance(value, str) else None


def parse_time(text: str, name: str) -> datetime:
    """An instant in the one form that Alerta takes. Raises PayloadError."""
    try:
        return check_instant(datetime.strptime(text, _TIME).replace(tzinfo=UTC))
    except ValueError:
        message = "dates must be ISO 8601 date format YYYY-MM-DDThh:mm:ss.sssZ"
        raise _refused(name, message) from None


def _is_number(value: object) -> bool:
    """One that can be written out; what is longer than a screen is none."""
    return isinstance(value, int | float) and abs(value) < _LARGEST


def _is_flat(value: object, deepest: int) -> bool:
    """Whether it is nested no deeper."""
    inner: Sequence[object] = ()
    if isinstance(value, dict):
        inner = list(value.values())
    elif isinstance(value, list):
        inner = value
    return not inner or (deepest > 0 and all(_is_flat(one, deepest - 1) for one in inner))


def _uuid(value: object) -> UUID | None:
    """The sender's own number, if it is one that can be taken."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _one_of(given: Json, name: str, known: Mapping[str, Any], default: str) -> str:
    value = given.get(name) or default
    if not isinstance(value, str) or value not in known:
        shown = str(value)[:60]
        raise _refused(name, f"{name.capitalize()} ({shown}) is not one of {', '.join(known)}")
    return value


def _customer(given: Json) -> str:
    if given.get("customer") == "":
        raise _refused("customer", "customer must not be an empty string")
    return text_of(given, "customer", LONGEST_CUSTOMER)


def _refused(name: str, message: str) -> PayloadError:
    return PayloadError(message, [FieldError(name, message)])
