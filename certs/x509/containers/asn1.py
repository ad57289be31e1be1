"""Files of DER: certificates, PKCS#7, PKCS#12, and what is none of them."""

from collections.abc import Sequence

from certs.x509.containers.ber import to_definite
from certs.x509.containers.contents import Gathering
from certs.x509.containers.pkcs12 import read_pkcs12
from certs.x509.der import (
    BIT_STRING,
    GENERALIZED_TIME,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    UTC_TIME,
    DerError,
    Element,
    element,
    oid,
)

_SIGNED_DATA = "1.2.840.113549.1.7.2"


def is_structure(data: bytes) -> bool:
    """Whether it begins as a SEQUENCE that is about as long as the file."""
    if data.startswith(b"\x30\x80"):
        return True
    try:
        return data.startswith(b"\x30") and element(data).end > 8
    except DerError:
        # A certificate that was cut is one all the same, and says so.
        return data.startswith(b"\x30\x82")


def read_structures(data: bytes, passwords: Sequence[str], gathered: Gathering) -> str:
    """One after the other, as long as there are any; what the format of the first is."""
    kind = ""
    try:
        if data.startswith(b"\x30\x80"):
            data = to_definite(data)
        at = 0
        while at < len(data) and data[at] == SEQUENCE:
            each = element(data, at)
            read = _read(each, passwords, gathered)
            kind = kind or read
            at = each.end
        if data[at:].strip(b"\r\n\x00 "):
            gathered.trouble(f"{len(data) - at} bytes at its end are no certificate.")
    except DerError as error:
        gathered.trouble(f"It cannot be read to its end: {error}.")
    return kind


def _read(read: Element, passwords: Sequence[str], gathered: Gathering) -> str:
    parts = _children(read, 4)
    tags = [part.tag for part in parts]
    if tags[:1] == [OBJECT_IDENTIFIER]:
        read_pkcs7(parts, gathered)
        return "PKCS#7"
    if tags[:2] == [INTEGER, SEQUENCE] and parts[0].content == b"\x03":
        read_pkcs12(read, passwords, gathered)
        return "PKCS#12"
    if other := _no_certificate(parts, tags):
        gathered.note(f"{other}.")
        return "DER"
    gathered.add(read.raw)
    return "DER"


def read_pkcs7(parts: Sequence[Element], gathered: Gathering) -> None:
    """The certificates of a SignedData (RFC 2315, 9.1). Raises DerError."""
    if oid(parts[0]) != _SIGNED_DATA or len(parts) < 2:
        gathered.trouble("This PKCS#7 holds no certificates, but something else.")
        return
    signed = next(parts[1].children(), parts[1])
    for part in signed.children():
        if part.tag == 0xA0:
            for number, each in enumerate(part.children(), start=1):
                gathered.add(each.raw, where=f"Certificate {number}")


def _no_certificate(parts: Sequence[Element], tags: Sequence[int]) -> str:
    """What it is instead, for what people mistake for one."""
    if tags[:1] == [INTEGER] or tags == [SEQUENCE, OCTET_STRING]:
        return "A private key without a certificate; it is not kept"
    if tags == [SEQUENCE, BIT_STRING]:
        return "A public key without a certificate"
    if tags[:2] != [SEQUENCE, SEQUENCE] or len(parts) != 3:
        return ""
    inner = [part.tag for part in _children(parts[0], 8)]
    if inner[:1] == [INTEGER]:
        if inner[1:] in ([SEQUENCE, SEQUENCE, 0xA0], [SEQUENCE, SEQUENCE]):
            return "A certificate signing request, which is no certificate"
        del inner[0]
    if inner[:2] == [SEQUENCE, SEQUENCE] and inner[2:3] in ([UTC_TIME], [GENERALIZED_TIME]):
        return "A certificate revocation list, which is no certificate"
    return ""


def _children(read: Element, most: int) -> list[Element]:
    """The first of them, as far as they can be read."""
    found: list[Element] = []
    try:
        for child in read.children():
            found.append(child)
            if len(found) == most:
                break
    except DerError:
        pass
    return found
