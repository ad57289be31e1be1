"""What is to be read where, and what was read."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Result(StrEnum):
    """How reading a chain ended; each of these is one answer, whatever the error's words."""

    OK = "ok"
    DNS = "dns"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMEOUT_CONNECT = "timeout_connect"
    TIMEOUT_HANDSHAKE = "timeout_handshake"
    NOT_TLS = "not_tls"
    ALERT = "alert"
    RESET = "reset"
    CLOSED = "closed"
    STARTTLS_REFUSED = "starttls_refused"
    # A name or address that the portal may not speak to.
    FORBIDDEN = "forbidden"
    # A handshake that makes no sense, or no certificate in it.
    PARSE = "parse"


@dataclass(frozen=True, slots=True)
class Target:
    """One address, port, protocol and server name.

    `address` is an IPv4 or IPv6 address in text, never a name: whoever resolves decides what may
    be spoken to. `server_name` is sent as SNI (RFC 6066), an A-label name; empty: none is sent.
    `protocol`: "tls", or one that begins in the clear (STARTTLS), such as "smtp".
    """

    address: str
    port: int
    protocol: str = "tls"
    server_name: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one target. `chain` is as served: DER, in order; empty where none was read."""

    target: Target
    result: Result
    # For people: the alert's name, the error, what the port speaks instead.
    detail: str = ""
    chain: tuple[bytes, ...] = ()
    # Such as "TLSv1.3" and "TLS_AES_256_GCM_SHA384"; empty where the handshake did not end.
    tls_version: str = ""
    cipher: str = ""
    client_cert_wanted: bool = False
    # Read only with versions or ciphers that are outdated (TLS 1.0 and 1.1, RSA key exchange).
    legacy: bool = False
    # Milliseconds from the first packet to the chain.
    latency_ms: int = 0
    # The TLS alert that the other side sent (RFC 8446, 6), where it did.
    alert: int | None = None
    # The server knew nothing by the server name; read without one.
    without_server_name: bool = False
    # What else is worth keeping, such as the first bytes of what is no TLS.
    facts: dict[str, Any] = field(default_factory=dict)
