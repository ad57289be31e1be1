"""ManageSieve (RFC 5804, 2.2)."""

from certs.tls.reading import Target
from certs.tls.starttls.refused import not_offered, refused
from certs.tls.wire import Wire


async def upgrade(wire: Wire, target: Target) -> None:
    """Capabilities, STARTTLS."""
    offered, answer = await _response(wire)
    if not answer.upper().startswith(b"OK"):
        raise refused(answer)
    if b'"STARTTLS"' not in [line.strip().upper() for line in offered]:
        raise not_offered(b", ".join(offered))
    await wire.send(b"STARTTLS\r\n")
    _, answer = await _response(wire)
    if not answer.upper().startswith(b"OK"):
        raise refused(answer)


async def _response(wire: Wire) -> tuple[list[bytes], bytes]:
    """Lines of data, and the one that ends them: OK, NO or BYE."""
    lines: list[bytes] = []
    while True:
        line = await wire.line()
        if line[:3].upper().rstrip(b" (") in (b"OK", b"NO", b"BYE"):
            return lines, line
        if not line.startswith(b'"'):
            raise wire.unexpected("no answer of ManageSieve came")
        lines.append(line)
