"""FTP (RFC 4217)."""

from certs.tls.reading import Target
from certs.tls.starttls.refused import refused
from certs.tls.starttls.replies import read_reply
from certs.tls.wire import Wire


async def upgrade(wire: Wire, target: Target) -> None:
    """Greeting, AUTH TLS."""
    greeting = await read_reply(wire)
    # "Service ready in nnn minutes" may come before.
    if greeting.code == 120:
        greeting = await read_reply(wire)
    if greeting.code != 220:
        raise refused(greeting.words)
    await wire.send(b"AUTH TLS\r\n")
    answer = await read_reply(wire)
    if answer.code != 234:
        raise refused(answer.words)
