"""Where a request carries its key: the text of it, in whatever way the sender's contract has it."""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

_HEADER = re.compile(r"(\S+) +(\S+)")
# `Authorization: Bearer K` (RFC 6750), `Key K` (Alerta), `GenieKey K` (Opsgenie), `Token K`.
_SCHEMES = ("bearer", "key", "geniekey", "token")
# `X-API-Key`, PagerDuty's, Datadog's, GitLab's and Honeycomb's headers, by WSGI's names.
KEY_HEADERS = (
    "HTTP_X_API_KEY",
    "HTTP_X_ROUTING_KEY",
    "HTTP_DD_API_KEY",
    "HTTP_X_GITLAB_TOKEN",
    "HTTP_X_HONEYCOMB_TEAM",
)


def bearer_key(header: str) -> str:
    """The key of an `Authorization: Bearer` header; empty without one."""
    scheme, text = _parts(header)
    return text if scheme == "bearer" else ""


def offered_key(environ: Mapping[str, Any]) -> str:
    """The key of a request by WSGI's variables, in any of the ways of foreign contracts.

    `Authorization` by one of several schemes, or Basic (RFC 7617) with the key as the password, or
    as the user where there is no password; or one of KEY_HEADERS; or `Authorization` by a scheme
    that is not known, as Grafana lets its own be named. Empty when there is none.
    """
    scheme, text = _parts(environ.get("HTTP_AUTHORIZATION", ""))
    if scheme == "basic":
        return _basic_key(text)
    other = next((str(found) for name in KEY_HEADERS if (found := environ.get(name))), "")
    return text if scheme in _SCHEMES else other or text


def _parts(header: str) -> tuple[str, str]:
    found = _HEADER.fullmatch(header)
    return (found[1].lower(), found[2]) if found else ("", "")


def _basic_key(text: str) -> str:
    try:
        user, _, password = b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return ""
    return password or user
