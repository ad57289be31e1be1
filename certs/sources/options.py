"""Settings of sources, as people and machines give them: each of its type, secrets apart."""

from collections.abc import Mapping
from typing import Any

from certs.sources.source import CertificateSource, Option
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import FieldError, PayloadError

MOST_LINES, MOST_CHARACTERS, MOST_OF_DOCUMENT = 5000, 2000, 1_000_000
_LARGEST = 2**31 - 1
# A shorter one would hide half of a message.
_SHORTEST_HIDDEN = 4


def read_options(
    kind: CertificateSource, given: Mapping[str, Any], stored: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options and secrets that the kind takes; what is absent is the usual.

    A secret that is absent or masked is the `stored` one. Raises PayloadError with a complaint
    for each that is wrong.
    """
    options: dict[str, Any] = {}
    secret: dict[str, Any] = {}
    known = {option.name: option for option in kind.options}
    errors = [
        _complaint(name, f"is none of {', '.join(known) or 'none'}")
        for name in given
        if name not in known
    ]
    for name, option in known.items():
        value = _given(option, given, stored)
        if value is None:
            if option.required:
                errors.append(_complaint(name, "is required"))
            continue
        if complaint := complaint_of(option, value):
            errors.append(_complaint(name, complaint))
        else:
            (secret if option.secret else options)[name] = tidied(option, value)
    if not errors:
        errors = [
            FieldError(f"options.{error.field}" if error.field else "options", error.message)
            for error in kind.check(options, secret)
        ]
    if errors:
        text = "; ".join(f"{found.field}: {found.message}" for found in errors[:10])
        raise PayloadError(f"The source is not right: {text}", errors)
    return options, secret


def _given(option: Option, given: Mapping[str, Any], stored: Mapping[str, Any]) -> Any:
    """The value, the stored secret or the usual; None: nothing."""
    value = given.get(option.name)
    if option.secret and (value is None or value == MASK):
        value = stored.get(option.name)
    if value in (None, "", []):
        value = option.default
    return None if value in ("", []) else value


def kept_secrets(
    options: Mapping[str, Any], secret: Mapping[str, Any], given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Stored secrets that may stay: a token given for one server is not sent to another."""
    was, url = options.get("url"), given.get("url")
    if was and isinstance(url, str) and _server(was) != _server(url):
        return {}
    return secret


def _server(url: str) -> str:
    """Scheme, host and port."""
    scheme, _, rest = url.lower().partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def complaint_of(option: Option, value: Any) -> str:
    """What is wrong with one; empty: nothing."""
    if option.kind == "truth":
        return "" if isinstance(value, bool) else "must be true or false"
    if option.kind == "number":
        whole = isinstance(value, int) and not isinstance(value, bool)
        return "" if whole and 0 <= value <= _LARGEST else f"must be a number of 0 to {_LARGEST}"
    if option.kind == "lines":
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            return "must be a list of texts"
        if len(value) > MOST_LINES:
            return f"has more than {MOST_LINES} lines"
        return next(filter(None, (_of_text(each, MOST_CHARACTERS) for each in value)), "")
    if not isinstance(value, str):
        return "must be a text"
    if option.kind == "choice" and value not in option.choices:
        return f"must be one of {', '.join(option.choices)}"
    return _of_text(value, MOST_OF_DOCUMENT if option.kind == "document" else MOST_CHARACTERS)


def _of_text(text: str, most: int) -> str:
    if len(text) > most:
        return f"has more than {most} characters"
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text):
        return "has a character that cannot be stored"
    return ""


def tidied(option: Option, value: Any) -> Any:
    """Without blanks around, and empty lines."""
    if option.kind == "lines":
        return list(filter(None, (each.strip() for each in value)))
    return value.strip() if isinstance(value, str) and option.kind == "text" else value


def shown_options(
    kind: CertificateSource | None, options: Mapping[str, Any], secret: Mapping[str, Any]
) -> dict[str, Any]:
    """For pages and API: of secrets only whether they are set."""
    hidden = {option.name for option in kind.options if option.secret} if kind else set(secret)
    return {**options, **{name: MASK for name in sorted(hidden) if secret.get(name)}}


def hide_secrets(text: str, secret: Mapping[str, Any]) -> str:
    """The text with every secret's value masked."""
    for value in secret.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, str) and len(part) >= _SHORTEST_HIDDEN:
                text = text.replace(part, MASK)
    return text


def _complaint(name: str, message: str) -> FieldError:
    return FieldError(f"options.{name}", message)
