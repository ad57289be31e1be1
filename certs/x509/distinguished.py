"""Distinguished names: RFC 4514 for people, common names, whatever string type they are in."""

import re

from certs.x509.der import OBJECT_IDENTIFIER, SEQUENCE, SET, DerError, Element, oid
from certs.x509.text import visible

# Relative distinguished names: each a list of attribute types and values.
Rdns = list[list[tuple[str, Element]]]

COMMON_NAME = "2.5.4.3"
ORGANIZATION = "2.5.4.10"

# RFC 4514, 3, and what else OpenSSL and others write by name.
_SHORT = {
    COMMON_NAME: "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    ORGANIZATION: "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}
# Universal tags of string types, with how each is encoded. T.61 is read as Latin-1, as everybody
# who still makes it means it.
_ENCODINGS = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
_SPECIAL = re.compile(r'([,+"\\<>;])')


def string(read: Element) -> str:
    """The text of a string of any type, as it is. Raises DerError for what is no string."""
    encoding = _ENCODINGS.get(read.tag)
    if encoding is None:
        raise DerError(f"the value at byte {read.start} has the tag 0x{read.tag:02x}, no string's")
    try:
        return read.content.decode(encoding)
    except UnicodeDecodeError as error:
        # UTF-8 in a PrintableString and Latin-1 in a UTF8String are the usual mistakes.
        for other in ("utf-8", "latin-1"):
            if encoding in ("ascii", "utf-8") and other != encoding:
                try:
                    return read.content.decode(other)
                except UnicodeDecodeError:
                    continue
        raise DerError(f"the string at byte {read.start} is not {encoding}") from error


def attributes(name: Element) -> Rdns:
    """The parts of a name. Raises DerError."""
    rdns: Rdns = []
    for rdn in name.expect(SEQUENCE, "the name").children():
        pairs = []
        for pair in rdn.expect(SET, "a part of the name").children():
            parts = list(pair.expect(SEQUENCE, "an attribute of the name").children())
            if len(parts) != 2:
                raise DerError(f"an attribute of the name at byte {pair.start} has no value")
            pairs.append((oid(parts[0].expect(OBJECT_IDENTIFIER, "the attribute")), parts[1]))
        rdns.append(pairs)
    return rdns


def distinguished_name(rdns: Rdns) -> str:
    """The name in the form of RFC 4514: the last part first."""
    return ",".join("+".join(_attribute(*pair) for pair in rdn) for rdn in reversed(rdns))


def values(rdns: Rdns, kind: str) -> list[str]:
    """All values of an attribute that are strings, in order, as they are."""
    found = []
    for each, value in (pair for rdn in rdns for pair in rdn):
        if each == kind:
            try:
                found.append(string(value))
            except DerError:
                continue
    return found


def title(rdns: Rdns) -> str:
    """What people call it: organisation and common name, such as "Let's Encrypt R11"."""
    parts = [text for kind in (ORGANIZATION, COMMON_NAME) for text in values(rdns, kind)[:1]]
    return visible(" ".join(parts)) or distinguished_name(rdns)


def _attribute(kind: str, value: Element) -> str:
    try:
        text = string(value)
    except DerError:
        return f"{_SHORT.get(kind, kind)}=#{value.raw.hex()}"
    return f"{_SHORT.get(kind, kind)}={_escaped(text)}"


def _escaped(text: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", text)
    if escaped[:1] in (" ", "#"):
        escaped = "\\" + escaped
    if escaped.endswith(" ") and len(escaped) > 1:
        escaped = escaped[:-1] + "\\ "
    return _hex_pairs(escaped)


def _hex_pairs(text: str) -> str:
    """Unshowable characters as RFC 4514 writes them: a backslash and hex for each UTF-8 byte."""
    if visible(text) == text:
        return text
    parts = []
    for char in text:
        shown = visible(char)
        if shown != char:
            raw = char.encode("utf-8", "surrogatepass")
            shown = "".join(f"\\{byte:02x}" for byte in raw)
        parts.append(shown)
    return "".join(parts)
