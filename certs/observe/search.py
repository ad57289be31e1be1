"""Endpoints by what is asked for."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.db.models import QuerySet

from certs.models import Endpoint
from certs.tls import Result
from certs.x509.names import HostError, ascii_host
from opsportal.lib.errors import FieldError, PayloadError

FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "host": "A host, in any form; `.example.com`: all below it.",
        "port": "A port.",
        "protocol": "Such as tls or smtp.",
        "state": "ok, failing, new (not looked at yet) or off.",
        "result": "Of the last look, such as timeout_connect.",
        "team": "A team's name; `none`: those of no team.",
        "environment": "An environment.",
        "service": "A service.",
        "source": "A source's name; `none`: those that people and keys named.",
    }
)
_STATES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "ok": {"enabled": True, "result": Result.OK},
        "failing": {"enabled": True, "failures__gt": 0},
        "new": {"enabled": True, "probed_at": None},
        "off": {"enabled": False},
    }
)
STATES = tuple(_STATES)


def read_filters(given: Mapping[str, str]) -> dict[str, str]:
    """Those that are known and not empty. Raises PayloadError for what makes no sense."""
    found = {name: given[name].strip() for name in FILTERS if given.get(name, "").strip()}
    for name, text in found.items():
        if "\0" in text or len(text) > 300:
            raise _wrong(name, "is no such text")
    port = found.get("port", "1")
    if not (port.isascii() and port.isdigit() and len(port) < 6):
        raise _wrong("port", f"is no port: {port[:20]!r}")
    if found.get("state", "ok") not in _STATES:
        raise _wrong("state", f"must be one of {', '.join(_STATES)}")
    return found


def search_endpoints(asked: Mapping[str, str]) -> QuerySet[Endpoint]:
    """What `read_filters` came to."""
    rows = Endpoint.objects.all()
    for name, text in asked.items():
        if name == "host":
            rows = _by_host(rows, text)
        elif name == "state":
            rows = rows.filter(**_STATES[text])
        elif name in ("team", "source"):
            rows = rows.filter(**({name: None} if text == "none" else {f"{name}__name": text}))
        else:
            rows = rows.filter(**{name: text})
    return rows


def _by_host(rows: QuerySet[Endpoint], text: str) -> QuerySet[Endpoint]:
    below = text.startswith((".", "*."))
    try:
        host = ascii_host(text.removeprefix("*").removeprefix("."))
    except HostError:
        # The beginning of one, perhaps.
        return rows.filter(host__startswith=text.lower())
    return rows.filter(host__endswith=f".{host}") if below else rows.filter(host=host)


def _wrong(name: str, message: str) -> PayloadError:
    return PayloadError(f"{name}: {message}", [FieldError(name, message)])
