"""POP3 (RFC 2595, 4)."""

from certs.tls.reading import Target
from certs.tls.starttls.refused import refused
from certs.tls.wire import Wire


async def upgrade(wire: Wire, target: Target) -> None:
    """Greeting, STLS."""
    await _expect_ok(wire)
    await wire.send(b"STLS\r\n")
    await _expect_ok(wire)


async def _expect_ok(wire: Wire) -> None:
    line = await wire.line()
    if line.startswith(b"-ERR"):
        raise refused(line)
    if not line.startswith(b"+OK"):
        raise wire.unexpected("no answer of POP3 came")
