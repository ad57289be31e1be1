"""What sources hand on: frozen values, never rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from certs.x509 import Parsed


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
