"""SMTP (RFC 3207) and LMTP, which greets otherwise (RFC 2033)."""

from certs.tls.reading import Target
from certs.tls.starttls.refused import not_offered, refused
from certs.tls.starttls.replies import read_reply
from certs.tls.wire import Wire


async def upgrade(wire: Wire, target: Target) -> None:
    """Greeting, EHLO, STARTTLS."""
    await _upgrade(wire, b"EHLO")


async def upgrade_lmtp(wire: Wire, target: Target) -> None:
    """Greeting, LHLO, STARTTLS."""
    await _upgrade(wire, b"LHLO")


async def _upgrade(wire: Wire, hello: bytes) -> None:
    greeting = await read_reply(wire)
    if greeting.code != 220:
        raise refused(greeting.words)
    address = wire.local_address.partition("%")[0]
    # An address literal (RFC 5321, 4.1.3).
    literal = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
    await wire.send(b"%s %s\r\n" % (hello, literal.encode()))
    offer = await read_reply(wire)
    if offer.code != 250:
        raise refused(offer.words)
    if b"STARTTLS" not in [line.strip().upper() for line in offer.lines]:
        raise not_offered(b", ".join(offer.lines[1:]))
    await wire.send(b"STARTTLS\r\n")
    answer = await read_reply(wire)
    if answer.code != 220:
        raise refused(answer.words)
