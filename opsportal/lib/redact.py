"""Secrets do not stay in what was received: values whose names say that they are secret."""

from typing import Any
from urllib.parse import quote_plus, unquote_plus

import msgspec
import re2

REDACTED = "[redacted]"
_WORDS = (
    r"pass(?:word|wd|phrase)|secret|token|api[_-]?key|authorization|credential|private[_-]?key"
    r"|routing[_-]?key|service[_-]?key|integration[_-]?key|subscribe[_-]?url"
)
# A key of the portal's, wherever it stands.
_KEY = re2.compile(r"ops_[a-z0-9]{12}_[\w-]{43}")
# RE2 looks at each byte once, whatever the number of words. What JSON writes by its number, a
# letter, `-` or `_`, may be part of one.
_SECRET = re2.compile(rf"(?i){_WORDS}|ops_[a-z0-9]{{12}}_|\\u00(?:[4-7]|2d)")
# In what is no JSON: a form, a query, plain text.
_ASSIGNED = re2.compile(rf"(?i)([\w.-]*(?:{_WORDS})[\w.-]*\\*[\"']?\s*[=:]\s*\\*[\"']?)([^&\s\"]+)")

# JSON in a field of a form.
_FORM_JSON = re2.compile(r"=(%7[Bb][^&\s]*)")


def is_clean(payload: bytes) -> bool:
    """Whether no name of a secret stands in it."""
    return _SECRET.search(payload) is None


def redact_json(payload: bytes) -> str:
    """The JSON text, which is UTF-8, without the values of secret names."""
    if is_clean(payload):
        return payload.decode()
    try:
        return msgspec.json.encode(redact_value(msgspec.json.decode(payload))).decode()
    except (msgspec.MsgspecError, RecursionError):
        # A number of no size or a nesting that the parser passed over in an unknown field.
        return msgspec.json.encode(REDACTED).decode()


def redact_text(payload: bytes) -> str:
    """Whatever was received, without secrets: JSON by its names, other text by `name=value`."""
    if is_clean(payload):
        return payload.decode(errors="replace").replace("\0", "\ufffd")
    try:
        return msgspec.json.encode(redact_value(msgspec.json.decode(payload))).decode()
    except (msgspec.MsgspecError, UnicodeError):
        text = payload.decode(errors="replace").replace("\0", "\ufffd")
        text = _FORM_JSON.sub(_redact_field, text)
        return str(_KEY.sub(REDACTED, _ASSIGNED.sub(rf"\1{REDACTED}", text)))
    except RecursionError:
        return msgspec.json.encode(REDACTED).decode()


def _redact_field(found: Any) -> str:
    return f"={quote_plus(redact_text(unquote_plus(found[1]).encode()))}"


def redact_value(value: Any) -> Any:
    """The same JSON value with REDACTED for what has the name of a secret, at any depth."""
    if isinstance(value, dict):
        return {
            key: REDACTED if _SECRET.search(str(key)) else redact_value(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [redact_value(inner) for inner in value]
    if isinstance(value, str) and value[:1] in ("{", "[") and not is_clean(value.encode()):
        return redact_text(value.encode())  # JSON in JSON
    if isinstance(value, str) and "ops_" in value:
        return _KEY.sub(REDACTED, value)
    return value
