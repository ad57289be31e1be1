"""MySQL's and MariaDB's SSLRequest (MySQL's source documentation, "Connection Phase")."""

from certs.tls.reading import Target
from certs.tls.starttls.refused import not_offered, refused
from certs.tls.wire import Wire

_CLIENT_SSL, _CLIENT_PROTOCOL_41, _CLIENT_SECURE_CONNECTION = 0x800, 0x200, 0x8000
_ASKED = _CLIENT_SSL | _CLIENT_PROTOCOL_41 | _CLIENT_SECURE_CONNECTION
_UTF8MB4 = 45
_ERROR, _VERSION_10 = 0xFF, 10


async def upgrade(wire: Wire, target: Target) -> None:
    """The server's handshake packet, SSLRequest; there is no answer but TLS."""
    sequence, packet = await _packet(wire)
    if packet[:1] == bytes([_ERROR]):
        # Code (2), then perhaps # and an SQL state (5), then words.
        words = packet[3:]
        raise refused(words[6:] if words[:1] == b"#" else words)
    if packet[:1] != bytes([_VERSION_10]):
        raise wire.unexpected("no handshake packet of MySQL came")
    version, _, rest = packet[1:].partition(b"\0")
    # Thread id (4), the first part of the scramble (8), a filler (1), then capabilities.
    if len(rest) < 15:
        raise wire.unexpected("no whole handshake packet of MySQL came")
    if not int.from_bytes(rest[13:15], "little") & _CLIENT_SSL:
        raise not_offered(version)
    request = (
        _ASKED.to_bytes(4, "little")
        + (1 << 24).to_bytes(4, "little")
        + bytes([_UTF8MB4])
        + bytes(23)
    )
    await wire.send(len(request).to_bytes(3, "little") + bytes([sequence + 1]) + request)


async def _packet(wire: Wire) -> tuple[int, bytes]:
    """Its sequence number and payload."""
    header = await wire.exactly(4)
    # The first packet is a handshake or an error, and small.
    if header[3] != 0:
        raise wire.unexpected("no packet of MySQL came")
    return header[3], await wire.exactly(int.from_bytes(header[:3], "little"))
