"""LDAP's StartTLS operation (RFC 4511, 4.14)."""

from certs.tls.reading import Target
from certs.tls.starttls.refused import refused
from certs.tls.wire import Wire

# An ExtendedRequest ([APPLICATION 23]) with the name 1.3.6.1.4.1.1466.20037, message 1.
_OID = b"1.3.6.1.4.1.1466.20037"
_NAME = b"\x80" + bytes([len(_OID)]) + _OID
_OPERATION = b"\x77" + bytes([len(_NAME)]) + _NAME
_MESSAGE = b"\x02\x01\x01" + _OPERATION
_REQUEST = b"\x30" + bytes([len(_MESSAGE)]) + _MESSAGE
_SEQUENCE, _INTEGER, _ENUMERATED, _OCTETS, _EXTENDED_RESPONSE = 0x30, 0x02, 0x0A, 0x04, 0x78


async def upgrade(wire: Wire, target: Target) -> None:
    """ExtendedRequest, ExtendedResponse."""
    await wire.send(_REQUEST)
    message = await _read_message(wire)
    try:
        code, words = _result(message)
    except (IndexError, ValueError) as error:
        raise wire.unexpected("no answer of LDAP came") from error
    if code != 0:
        raise refused(b"resultCode %d %s" % (code, words))


async def _read_message(wire: Wire) -> bytes:
    """The content of an LDAPMessage."""
    tag, length = await wire.exactly(2)
    if tag != _SEQUENCE:
        raise wire.unexpected("no message of LDAP came")
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= 4:
            raise wire.unexpected("a message of LDAP without a length")
        length = int.from_bytes(await wire.exactly(count))
    return await wire.exactly(length)


def _result(message: bytes) -> tuple[int, bytes]:
    """resultCode and diagnosticMessage."""
    tag, _, rest = _element(message)
    if tag != _INTEGER:
        raise ValueError(tag)
    tag, response, _ = _element(rest)
    if tag != _EXTENDED_RESPONSE:
        raise ValueError(tag)
    tag, code, rest = _element(response)
    if tag != _ENUMERATED:
        raise ValueError(tag)
    _, _, rest = _element(rest)
    tag, words, _ = _element(rest)
    return int.from_bytes(code), words if tag == _OCTETS else b""


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content, what follows (BER, definite lengths)."""
    tag, length, at = data[0], data[1], 2
    if length & 0x80:
        at += length & 0x7F
        length = int.from_bytes(data[2:at])
    if at + length > len(data):
        raise ValueError("cut short")
    return tag, data[at : at + length], data[at + length :]
