"""How the portal introduces itself: what it offers in a ClientHello.

A context costs milliseconds to make, so there is one for each profile and none for each probe.
Nothing is verified in the handshake: what is served is to be read, also where it is wrong.
"""

import ssl
import warnings
from dataclasses import dataclass
from functools import cache

from certs.tls.served import LEGACY_SERVER_CONNECT, prepare


@dataclass(frozen=True, slots=True)
class Profile:
    """Versions and ciphers; `legacy`: with outdated ones. Without a context, what is beyond
    OpenSSL (certs.tls.unfinished)."""

    context: ssl.SSLContext | None
    legacy: bool


def profiles(*, fast: bool = False) -> tuple[Profile, ...]:
    """In the order in which they are tried. `fast`: the cheapest first, which is the last of the
    others, since nothing is computed for it."""
    modern, legacy, unfinished = _profiles()
    return (unfinished, modern, legacy) if fast else (modern, legacy, unfinished)


@cache
def _profiles() -> tuple[Profile, ...]:
    """What only a later one can read is outdated."""
    modern = _context(ssl.TLSVersion.TLSv1_2, "ECDHE:DHE:!aNULL:!eNULL:!3DES:!RC4:@SECLEVEL=1")
    legacy = _context(ssl.TLSVersion.TLSv1, "ALL:COMPLEMENTOFALL:!aNULL:@SECLEVEL=0")
    legacy.options |= LEGACY_SERVER_CONNECT
    return (
        Profile(modern, legacy=False),
        Profile(legacy, legacy=True),
        Profile(None, legacy=True),
    )


def _context(oldest: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        # That TLS 1.0 is deprecated is what the portal is to find out.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = oldest
    prepare(context)
    return context
