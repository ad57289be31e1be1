"""Certificates that no library would make: parts of a sound one, exchanged."""

from pathlib import Path
from ssl import PEM_cert_to_DER_cert

from certs.x509.der import BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, element, encode
from tests.certs.pki import issue

FILES = Path(__file__).parent / "files"
_SOUND = issue(("sound.test",)).der
# Where each part is in what is signed, after the version.
_PLACES = {"serial": 0, "algorithm": 1, "issuer": 2, "validity": 3, "subject": 4, "spki": 5}


def der_of(name: str) -> bytes:
    """A certificate of `files`."""
    return PEM_cert_to_DER_cert((FILES / name).read_text())


def forge(sound: bytes = _SOUND, *, add: bytes = b"", **parts: bytes) -> bytes:
    """The certificate with other parts, in DER; `add` are extensions after its own."""
    tbs, algorithm, signature = element(sound).children()
    version, *inner = [each.raw for each in tbs.children()]
    for name, raw in parts.items():
        if name in _PLACES:
            inner[_PLACES[name]] = raw
    if "extensions" in parts:
        inner[6:] = [parts["extensions"]]
    if add:
        listed = element(element(inner[6]).content).content
        inner[6] = encode(0xA3, encode(SEQUENCE, listed + add))
    signed = encode(SEQUENCE, b"".join((version, *inner)))
    return encode(SEQUENCE, signed + algorithm.raw + signature.raw)


def extension(dotted: str, value: bytes) -> bytes:
    """An extension with that value."""
    return encode(SEQUENCE, oid(dotted) + encode(OCTET_STRING, value))


def oid(dotted: str) -> bytes:
    """An object identifier."""
    first, second, *rest = map(int, dotted.split("."))
    content = b""
    for arc in (40 * first + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        content += bytes(reversed(septets))
    return encode(0x06, content)


def number(value: int) -> bytes:
    """An INTEGER."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def name(*values: tuple[int, bytes], kind: str = "2.5.4.3") -> bytes:
    """A distinguished name of common names, each with the tag of its string type."""
    pairs = [encode(SEQUENCE, oid(kind) + encode(tag, text)) for tag, text in values]
    return encode(SEQUENCE, b"".join(encode(0x31, pair) for pair in pairs))


def validity(before: str, after: str) -> bytes:
    """Two times; those of 15 characters and more are GeneralizedTime."""
    return encode(
        SEQUENCE,
        b"".join(encode(0x18 if len(t) >= 15 else 0x17, t.encode()) for t in (before, after)),
    )


def alternative(*names: tuple[int, bytes]) -> bytes:
    """subjectAltName of these tags and bytes; 0x82 is a dNSName."""
    listed = b"".join(encode(tag, text) for tag, text in names)
    return extension("2.5.29.17", encode(SEQUENCE, listed))


def only(*extensions: bytes) -> bytes:
    """The extensions of a certificate, these and no other."""
    return encode(0xA3, encode(SEQUENCE, b"".join(extensions)))


def rsa_key(modulus: int, exponent: int = 65537) -> bytes:
    """A SubjectPublicKeyInfo, whatever the numbers are."""
    key = encode(SEQUENCE, number(modulus) + number(exponent))
    algorithm = encode(SEQUENCE, oid("1.2.840.113549.1.1.1") + encode(0x05, b""))
    return encode(SEQUENCE, algorithm + encode(BIT_STRING, b"\x00" + key))


def ec_key(curve: str) -> bytes:
    """A SubjectPublicKeyInfo on a curve of that OID."""
    algorithm = encode(SEQUENCE, oid("1.2.840.10045.2.1") + oid(curve))
    return encode(SEQUENCE, algorithm + encode(BIT_STRING, b"\x00\x04" + b"\x01" * 48))
