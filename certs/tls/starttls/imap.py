"""IMAP (RFC 9051, 6.2.1)."""

from certs.tls.reading import Target
from certs.tls.starttls.refused import refused
from certs.tls.wire import Wire


async def upgrade(wire: Wire, target: Target) -> None:
    """Greeting, STARTTLS."""
    greeting = await wire.line()
    if not greeting.startswith(b"* "):
        raise wire.unexpected("no greeting of IMAP came")
    # PREAUTH and BYE leave no way to TLS.
    if not greeting[2:].upper().startswith(b"OK"):
        raise refused(greeting[2:])
    await wire.send(b"a1 STARTTLS\r\n")
    while (line := await wire.line()).startswith(b"*"):
        pass
    tag, _, answer = line.partition(b" ")
    if tag.lower() != b"a1":
        raise wire.unexpected("no answer of IMAP came")
    if not answer.upper().startswith(b"OK"):
        raise refused(answer)
