"""The answer that there will be no TLS."""

from certs.tls.failed import Failed
from certs.tls.printable import printable
from certs.tls.reading import Result


def refused(words: bytes) -> Failed:
    """In the server's own words."""
    return Failed(Result.STARTTLS_REFUSED, printable(words) or "without a word")


def not_offered(offered: bytes) -> Failed:
    """It says what it can, and STARTTLS is not among that."""
    said = printable(offered)
    return Failed(Result.STARTTLS_REFUSED, f"not offered, only: {said}" if said else "not offered")
