"""What Python's versions tell differently of a connection; nothing else here knows of versions.

3.13 has `SSLObject.get_unverified_chain`; 3.10 to 3.12 have it on the private `_sslobj`. Where
neither is, the Certificate message itself is read (RFC 5246, 7.4.2; RFC 8446, 4.4.2).
"""

import _ssl
import ssl
from typing import Any
from weakref import WeakKeyDictionary

# ssl.OP_LEGACY_SERVER_CONNECT since 3.12: speak to servers without RFC 5746.
LEGACY_SERVER_CONNECT = 0x4

_PUBLIC = hasattr(ssl.SSLObject, "get_unverified_chain")
_PRIVATE = hasattr(getattr(_ssl, "_SSLSocket", None), "get_unverified_chain")
_CERTIFICATE = 11
_TLS_1_3 = 0x0304
_overheard: WeakKeyDictionary[Any, tuple[bytes, ...]] = WeakKeyDictionary()


def prepare(context: ssl.SSLContext) -> None:
    """To be called once for each context whose connections `served_chain` is asked of."""
    if not (_PUBLIC or _PRIVATE):
        overhear(context)


def served_chain(connection: ssl.SSLObject) -> tuple[bytes, ...]:
    """The certificates as served, DER, also after a handshake that failed; empty: none came."""
    if _PUBLIC:
        return tuple(connection.get_unverified_chain() or ())  # type: ignore[attr-defined,unused-ignore]
    if _PRIVATE:
        chain = connection._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]
        return tuple(each.public_bytes(_ssl.ENCODING_DER) for each in chain)
    return overheard_chain(connection)


def overhear(context: ssl.SSLContext) -> None:
    """Have the Certificate messages of this context's connections kept for `overheard_chain`."""

    def hear(  # OpenSSL's SSL_CTX_set_msg_callback
        connection: Any, direction: str, version: int, content: int, kind: int, data: bytes
    ) -> None:
        if direction == "read" and content == 22 and kind == _CERTIFICATE:
            _overheard[connection] = certificates_of(data, version)

    context._msg_callback = hear  # type: ignore[attr-defined]


def overheard_chain(connection: ssl.SSLObject) -> tuple[bytes, ...]:
    """What `overhear` kept of this connection."""
    return _overheard.get(connection, ())


def certificates_of(message: bytes, version: int) -> tuple[bytes, ...]:
    """The entries of a Certificate message with its header; what is cut short ends the list."""
    newer = version == _TLS_1_3
    # Header (4), the request's context with its length (1.3 only), length of the list (3).
    at = 4 + ((1 + message[4] if len(message) > 4 else 0) if newer else 0) + 3
    found = []
    while at + 3 <= len(message):
        end = at + 3 + int.from_bytes(message[at : at + 3])
        if end > len(message):
            break
        found.append(message[at + 3 : end])
        at = end + (2 + int.from_bytes(message[end : end + 2]) if newer else 0)
    return tuple(found)
