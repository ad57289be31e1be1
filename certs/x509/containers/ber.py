"""BER with indefinite lengths (X.690, 8.1.3.6), which NSS and old Windows write, as DER."""

from certs.x509.der import OCTET_STRING, DerError, encode

_INDEFINITE = 0x80
_CONSTRUCTED = 0x20
_MAX_DEPTH = 30


def to_definite(data: bytes) -> bytes:
    """The first element with definite lengths, its octet strings in one piece; and what follows.

    Raises DerError.
    """
    made, end = _element(data, 0, len(data), 0)
    return made + data[end:]


def _element(data: bytes, at: int, end: int, depth: int) -> tuple[bytes, int]:
    if depth > _MAX_DEPTH:
        raise DerError(f"more than {_MAX_DEPTH} elements are inside each other at byte {at}")
    if at + 2 > end:
        raise DerError(f"the data ends at byte {end}, inside an element")
    tag, length, body = data[at], data[at + 1], at + 2
    stop = end
    if length != _INDEFINITE:
        if length > _INDEFINITE:
            octets = length & 0x7F
            length = int.from_bytes(data[body : body + octets], "big")
            body += octets
        stop = body + length
        if stop > end:
            raise DerError(f"the element at byte {at} is longer than the data")
    if not tag & _CONSTRUCTED:
        return encode(tag, data[body:stop]), stop
    parts, at = _parts(data, body, stop, length == _INDEFINITE, depth)
    if tag == OCTET_STRING | _CONSTRUCTED:
        # Only octet strings are in it, each with a header of its own.
        return encode(OCTET_STRING, b"".join(_value(part) for part in parts)), at
    return encode(tag, b"".join(parts)), at


def _parts(
    data: bytes, at: int, stop: int, indefinite: bool, depth: int
) -> tuple[list[bytes], int]:
    parts: list[bytes] = []
    while at < stop:
        if indefinite and data[at : at + 2] == b"\x00\x00":
            return parts, at + 2
        part, at = _element(data, at, stop, depth + 1)
        parts.append(part)
    if indefinite:
        raise DerError(f"the data ends at byte {at}, inside an element")
    return parts, at


def _value(made: bytes) -> bytes:
    """The value of an element that was encoded here."""
    head = 2 + (made[1] & 0x7F if made[1] & 0x80 else 0)
    return made[head:]
