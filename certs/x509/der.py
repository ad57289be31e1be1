"""A reader of DER (ITU-T X.690) that says what is wrong and where, and reads on around it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER = 0x01, 0x02, 0x03, 0x04, 0x06
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31

# The longest OBJECT IDENTIFIER in use has some 30 bytes; reading one costs the square.
_MAX_OID_BYTES = 64
# BER's forms are taken too: without seconds, with a fraction, with an offset from UTC.
_TIME = re.compile(
    r"(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:[.,]\d{1,9})?(?:Z|([+-])(\d\d)(\d\d))"
)


class DerError(ValueError):
    """These bytes are no DER, or not what belongs here; the message names the byte."""


@dataclass(frozen=True, slots=True)
class Element:
    """One tag-length-value; the numbers are positions in `data`."""

    data: bytes
    tag: int
    start: int
    body: int
    end: int

    @property
    def content(self) -> bytes:
        """The value's bytes."""
        return self.data[self.body : self.end]

    @property
    def raw(self) -> bytes:
        """Tag, length and value."""
        return self.data[self.start : self.end]

    def children(self) -> Iterator["Element"]:
        """What a constructed element holds. Raises DerError, after those that could be read."""
        at = self.body
        while at < self.end:
            child = element(self.data, at, self.end)
            yield child
            at = child.end

    def expect(self, tag: int, what: str) -> "Element":
        """This element, which is one of that tag. Raises DerError where it is another."""
        if self.tag != tag:
            raise DerError(
                f"{what} at byte {self.start} has the tag 0x{self.tag:02x}, not 0x{tag:02x}"
            )
        return self


def element(data: bytes, at: int = 0, end: int | None = None) -> Element:
    """The element that begins at a byte. Raises DerError."""
    end = len(data) if end is None else end
    if at + 2 > end:
        raise DerError(f"the data ends at byte {end}, inside an element that begins at byte {at}")
    tag, length, body = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        raise DerError(f"the tag at byte {at} has more than one byte")
    if length >= 0x80:
        octets = length & 0x7F
        if not 1 <= octets <= 8:
            raise DerError(f"the length at byte {at + 1} is not definite")
        body += octets
        length = int.from_bytes(data[at + 2 : body], "big")
    if body + length > end:
        raise DerError(
            f"the element at byte {at} wants {length} bytes, and {max(end - body, 0)} are there"
        )
    return Element(data, tag, at, body, body + length)


def encode(tag: int, content: bytes) -> bytes:
    """One element as DER."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def integer(read: Element, what: str = "the number") -> int:
    """An INTEGER, with its sign. Raises DerError."""
    read.expect(INTEGER, what)
    if read.body == read.end:
        raise DerError(f"{what} at byte {read.start} is empty")
    return int.from_bytes(read.content, "big", signed=True)


def oid(read: Element, what: str = "the object identifier") -> str:
    """An OBJECT IDENTIFIER in dotted form. Raises DerError."""
    content = read.expect(OBJECT_IDENTIFIER, what).content
    if not content or len(content) > _MAX_OID_BYTES or content[-1] & 0x80:
        raise DerError(f"{what} at byte {read.start} is no object identifier")
    return _dotted(content)


# Certificates have the same two dozen.
@lru_cache(1024)
def _dotted(content: bytes) -> str:
    arcs, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def bits(read: Element, what: str = "the bits") -> bytes:
    """A BIT STRING's bytes, without the count of unused bits. Raises DerError."""
    content = read.expect(BIT_STRING, what).content
    if not content or content[0] > 7:
        raise DerError(f"{what} at byte {read.start} is no bit string")
    return content[1:]


def time(read: Element, what: str = "the time") -> datetime:
    """A UTCTime or GeneralizedTime (RFC 5280, 4.1.2.5), in UTC. Raises DerError."""
    text = read.content.decode("ascii", "replace")
    found = _TIME.fullmatch(text)
    digits = {UTC_TIME: 2, GENERALIZED_TIME: 4}.get(read.tag)
    if found is None or len(found[1]) != digits:
        raise DerError(f"{what} at byte {read.start} is no time: {text[:40]!r}")
    year = int(found[1])
    if digits == 2:
        year += 1900 if year >= 50 else 2000
    month, day, hour, minute, second = (int(found[n] or 0) for n in range(2, 7))
    zone: timezone = UTC
    try:
        if found[7]:
            sign = 1 if found[7] == "+" else -1
            zone = timezone(sign * timedelta(hours=int(found[8]), minutes=int(found[9])))
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise DerError(f"{what} at byte {read.start} is no time: {text!r}") from error
