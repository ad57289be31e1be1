"""PostgreSQL's SSLRequest (its manual, "Message Formats")."""

from certs.tls.reading import Target
from certs.tls.starttls.refused import refused
from certs.tls.wire import Wire

# Length 8, code 80877103.
_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


async def upgrade(wire: Wire, target: Target) -> None:
    """SSLRequest; S is yes, N is no, E begins an error."""
    await wire.send(_SSL_REQUEST)
    answer = await wire.exactly(1)
    if answer == b"N":
        raise refused(b"N: the server does not do SSL")
    if answer == b"E":
        raise refused(await _error(wire))
    if answer != b"S":
        raise wire.unexpected("no answer of PostgreSQL came")


async def _error(wire: Wire) -> bytes:
    """The message (field M) of an ErrorResponse, or all of it."""
    length = int.from_bytes(await wire.exactly(4))
    if length < 4:
        raise wire.unexpected("an error of PostgreSQL without a length")
    fields = (await wire.exactly(length - 4)).split(b"\0")
    return next((field[1:] for field in fields if field[:1] == b"M"), b" ".join(fields))
