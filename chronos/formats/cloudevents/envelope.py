"""Reading CloudEvents: attributes and data, out of JSON or out of headers."""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from chronos.formats.fields import read_instant
from opsportal.lib.contracts import MOST_LEVELS, is_deep
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.redact import is_clean, redact_value

VERSION = "1.0"
REQUIRED = ("specversion", "id", "source", "type")
# What may only be a text; any other attribute may be a number or a truth value as well.
_TEXTS = (*REQUIRED, "subject", "time", "datacontenttype", "dataschema")
_INSTANTS = ("time", "recordedtime")
_NAME = re.compile(r"[a-z0-9]+")
# Characters that no attribute may hold (spec.md, "Type System").
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_PREFIX = "ce-"


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """Attributes as texts, and what they are about, without secrets."""

    attributes: Mapping[str, str]
    # None: no data, or null.
    data: Any = None

    def get(self, name: str) -> str:
        """An attribute; empty where it is not there."""
        return self.attributes.get(name, "")


def read_structured(member: bytes) -> CloudEvent:
    """One event of the JSON format. Raises PayloadError with every complaint there is."""
    event = read_object(member)
    # Null attributes are absent; null data is data.
    has_data, data = "data" in event, event.pop("data", None)
    encoded = event.pop("data_base64", None)
    errors: list[FieldError] = []
    attributes = {
        name: text
        for name, value in event.items()
        if value is not None and (text := _attribute(name, value, errors)) is not None
    }
    if has_data and encoded is not None:
        errors.append(FieldError("data_base64", "excludes data"))
    _check(attributes, errors)
    media = attributes.get("datacontenttype", "")
    if encoded is not None:
        data = _unpacked(encoded, media, errors)
    elif has_data and media and not is_json(media) and not isinstance(data, str):
        errors.append(FieldError("data", f"must be a text, since it is {media[:100]}"))
    if errors:
        raise _refusal(errors)
    if encoded is None and is_clean(member):
        return CloudEvent(attributes, data)
    return CloudEvent(redact_value(attributes), redact_value(data))


def read_binary(headers: Mapping[str, str], content_type: str, body: bytes) -> CloudEvent:
    """One event whose attributes are headers, and whose data is the body. Raises PayloadError."""
    errors: list[FieldError] = []
    attributes: dict[str, str] = {}
    for header, value in headers.items():
        name = header.removeprefix(_PREFIX)
        if name == "datacontenttype":
            errors.append(FieldError(header, "must not be there: Content-Type says it"))
        elif (text := _attribute(name, _decoded(header, value, errors), errors)) is not None:
            attributes[name] = text
    if content_type:
        attributes["datacontenttype"] = content_type
    _check(attributes, errors)
    data = None
    if body:
        data = _content(body, content_type, errors)
        if is_deep(data):
            errors.append(FieldError("data", f"is nested deeper than {MOST_LEVELS} levels"))
    if errors:
        raise _refusal([_as_header(error) for error in errors])
    return CloudEvent(redact_value(attributes), redact_value(data))


def read_object(member: bytes) -> dict[str, Any]:
    """A JSON object of no endless depth, secrets and all. Raises PayloadError."""
    try:
        found = msgspec.json.decode(member)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _refusal([FieldError("", f"is not valid JSON: {error}")]) from error
    if not isinstance(found, dict):
        raise _refusal([FieldError("", "must be an object")])
    if is_deep(found):
        raise _refusal([FieldError("", f"is nested deeper than {MOST_LEVELS} levels")])
    return found


def is_json(media: str) -> bool:
    """Whether the media type is `*/json` or `*/*+json`."""
    subtype = media.partition(";")[0].strip().lower().rpartition("/")[2]
    return subtype == "json" or subtype.endswith("+json")


def _attribute(name: str, value: object, errors: list[FieldError]) -> str | None:
    """Its canonical text; None, with a complaint, where it can have none."""
    wrong = ""
    if not _NAME.fullmatch(name):
        wrong = "is no name of an attribute: those are of lower-case letters and digits"
    elif isinstance(value, bool) and name not in _TEXTS:
        return "true" if value else "false"
    elif isinstance(value, int) and name not in _TEXTS:
        return str(value)
    elif not isinstance(value, str):
        wrong = "must be a text" if name in _TEXTS else "must be a text, integer or truth value"
    elif _CONTROLS.search(value):
        wrong = "holds control characters"
    else:
        return value
    errors.append(FieldError(name[:100], wrong))
    return None


def _check(attributes: Mapping[str, str], errors: list[FieldError]) -> None:
    complained = {error.field for error in errors}
    errors += [
        FieldError(name, "is missing")
        for name in REQUIRED
        if not attributes.get(name) and name not in complained
    ]
    if attributes.get("specversion", VERSION) != VERSION:
        errors.append(FieldError("specversion", f"must be {VERSION}"))
    errors += [
        FieldError(name, "must be an RFC 3339 time with its offset, between 1970 and 2200")
        for name in _INSTANTS
        if name in attributes and read_instant(attributes[name]) is None
    ]


def _decoded(header: str, value: str, errors: list[FieldError]) -> str:
    """A header's text: out of its quotes, then one round of percent-decoding (binding 3.1.3.2)."""
    if quoted := _QUOTED.fullmatch(value.strip()):
        value = _ESCAPED.sub(r"\1", quoted[1])
    try:
        # WSGI's texts are Latin-1 (PEP 3333); Python takes no overlong UTF-8.
        return unquote_to_bytes(value.encode("latin-1")).decode()
    except UnicodeError:
        errors.append(FieldError(header.removeprefix(_PREFIX), "is not valid UTF-8"))
        return ""


def _unpacked(encoded: object, media: str, errors: list[FieldError]) -> Any:
    """What was sent in Base64: a value, a text, or as it is where it is neither."""
    try:
        if not isinstance(encoded, str):
            raise ValueError
        raw = b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        errors.append(FieldError("data_base64", "is not Base64"))
        return None
    # Without a type nothing is known of it.
    return _content(raw, media, errors, packed=encoded)


def _content(raw: bytes, media: str, errors: list[FieldError], packed: str = "") -> Any:
    if is_json(media):
        try:
            return msgspec.json.decode(raw)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            errors.append(FieldError("data", f"is not valid JSON: {error}"))
            return None
    try:
        return raw.decode().replace("\0", "\ufffd")
    except UnicodeError:
        return {"data_base64": packed or binascii.b2a_base64(raw, newline=False).decode()}


def _as_header(error: FieldError) -> FieldError:
    bare = error.field in ("data", "") or error.field.startswith(_PREFIX)
    return error if bare else FieldError(_PREFIX + error.field, error.message)


def _refusal(errors: list[FieldError]) -> PayloadError:
    first = errors[0]
    return PayloadError(f"{first.field} {first.message}".strip(), errors)
