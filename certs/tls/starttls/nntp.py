"""NNTP (RFC 4642)."""

from certs.tls.reading import Target
from certs.tls.starttls.refused import refused
from certs.tls.starttls.replies import read_reply
from certs.tls.wire import Wire


async def upgrade(wire: Wire, target: Target) -> None:
    """Greeting, STARTTLS."""
    greeting = await read_reply(wire)
    if greeting.code not in (200, 201):
        raise refused(greeting.words)
    await wire.send(b"STARTTLS\r\n")
    answer = await read_reply(wire)
    if answer.code != 382:
        raise refused(answer.words)
