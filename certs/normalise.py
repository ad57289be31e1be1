"""What sources hand on: frozen values, never rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from certs.tls import PROTOCOLS
from certs.x509 import Parsed
from certs.x509.names import HostError, ascii_host
from opsportal.lib.errors import FieldError, PayloadError


@dataclass(frozen=True, slots=True)
class FoundCertificate:
    """A certificate where it is stored.

    `locator` says where within the source (a path and alias, namespace/secret/key, an ARN);
    `position` counts from the leaf (0) where several lie together.
    """

    parsed: Parsed
    locator: str
    position: int = 0
    has_key: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FoundEndpoint:
    """A place to look at, as its source names it; `host` is a name or an address."""

    host: str
    port: int = 443
    protocol: str = "tls"
    server_name: str = ""
    # For its provenance: the line, record or listener it comes from.
    locator: str = ""


@dataclass(frozen=True, slots=True)
class FoundName:
    """A host name that may serve certificates: proposed where it is below a domain of ours."""

    name: str
    locator: str = ""


@dataclass(frozen=True, slots=True)
class FoundTrouble:
    """Something that could not be read, while others still are."""

    locator: str
    message: str


@dataclass(frozen=True, slots=True)
class FoundCursor:
    """Where the next run goes on; what came before it is stored by then."""

    value: Mapping[str, Any]


Found = FoundCertificate | FoundEndpoint | FoundName | FoundTrouble | FoundCursor


def canonical_endpoint(found: FoundEndpoint) -> FoundEndpoint:
    """The one form of it: A-labels, addresses in short form, no server name that says nothing.

    Raises PayloadError, one error for each field.
    """
    errors: list[FieldError] = []
    host = _host("host", found.host, errors)
    name = _host("server_name", found.server_name, errors) if found.server_name else ""
    if ":" in name or name.replace(".", "").isdigit():
        errors.append(FieldError("server_name", "must be a name, not an address (RFC 6066)"))
    if not 1 <= found.port <= 65535:
        errors.append(FieldError("port", "must be from 1 to 65535"))
    if found.protocol not in PROTOCOLS:
        errors.append(FieldError("protocol", f"must be one of {', '.join(PROTOCOLS)}"))
    if errors:
        text = "; ".join(f"{each.field}: {each.message}" for each in errors)
        raise PayloadError(f"The endpoint is not right: {text}", errors)
    return replace(found, host=host, server_name="" if name == host else name)


def _host(field_name: str, text: str, errors: list[FieldError]) -> str:
    try:
        return ascii_host(text)
    except HostError as error:
        errors.append(FieldError(field_name, error.message))
        return text
