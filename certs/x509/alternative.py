"""subjectAltName (RFC 5280, 4.2.1.6): each name in a form to search and compare by."""

import re

from certs.x509.der import DerError, Element, oid
from certs.x509.distinguished import attributes, distinguished_name, string
from certs.x509.names import canonical_address, unicode_host
from certs.x509.parsed import CertName
from certs.x509.text import visible

# Each becomes a row. The largest certificate that is served for a purpose has some thousands.
MAX_NAMES = 20_000

_EMAIL, _DNS, _DIRECTORY, _URI, _IP, _OTHER = 0x81, 0x82, 0xA4, 0x86, 0x87, 0xA0
_HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")


def read_names(listed: Element, names: list[CertName], errors: list[str]) -> None:
    """Add the names to those there are, each once; what is no name goes to `errors`."""
    seen = set(names)
    for many, read in enumerate(listed.children()):
        if many >= MAX_NAMES:
            errors.append(f"subjectAltName has more than {MAX_NAMES} names; the rest is left out.")
            return
        try:
            name = _name(read, errors)
        except DerError as error:
            errors.append(f"A name in subjectAltName cannot be read: {error}.")
            continue
        if name not in seen:
            seen.add(name)
            names.append(name)


def _name(read: Element, errors: list[str]) -> CertName:
    content = read.content
    if read.tag == _DNS:
        return _dns(_text(content), errors)
    if read.tag == _IP:
        if len(content) not in (4, 16):
            raise DerError(f"the address at byte {read.start} has {len(content)} bytes")
        address = canonical_address(_dotted(content))
        return CertName("ip", address, address)
    if read.tag == _EMAIL:
        text = _text(content)
        return CertName("email", visible(text.lower()), visible(text))
    if read.tag == _URI:
        text = visible(_text(content))
        return CertName("uri", text, text)
    if read.tag == _DIRECTORY:
        name = next(read.children(), None)
        text = distinguished_name(attributes(name)) if name else ""
        return CertName("other", visible(text), visible(text))
    if read.tag == _OTHER:
        return _other(read)
    if read.tag & 0xC0 == 0x80:
        return CertName("other", f"[{read.tag & 0x1F}]{content.hex()}", "")
    raise DerError(f"the name at byte {read.start} has the tag 0x{read.tag:02x}")


def _other(read: Element) -> CertName:
    """A name of another kind: its OID and text, such as Microsoft's user principal name."""
    parts = list(read.children())
    if len(parts) != 2:
        raise DerError(f"the name at byte {read.start} has {len(parts)} parts")
    kind = oid(parts[0])
    try:
        text = string(next(parts[1].children(), parts[1]))
    except DerError:
        text = f"#{parts[1].content.hex()}"
    shown = visible(f"{kind}={text}")
    return CertName("other", shown.lower(), shown)


def _dns(text: str, errors: list[str]) -> CertName:
    lowered = text.lower()
    if not _HOST.fullmatch(lowered):
        errors.append(f"The dNSName {visible(text[:100])!r} is no name of a host.")
        return CertName("dns", visible(lowered), visible(lowered))
    return CertName("dns", lowered, unicode_host(lowered))


def _text(content: bytes) -> str:
    """IA5String in the standard; what is not ASCII is shown as what it was meant to be."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _dotted(content: bytes) -> str:
    if len(content) == 4:
        return ".".join(map(str, content))
    return ":".join(content[at : at + 2].hex() for at in range(0, 16, 2))
