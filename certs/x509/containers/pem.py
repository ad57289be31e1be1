"""PEM (RFC 7468), and what people make of it: text around, CRLF, bags, keys."""

import re
from base64 import b64decode
from binascii import Error, a2b_base64
from collections.abc import Iterator, Sequence

from certs.x509.containers.asn1 import read_structures
from certs.x509.containers.contents import Gathering
from certs.x509.der import DerError, element

BEGIN = b"-----BEGIN "
_DASHES = b"-----"
_CERTIFICATES = {b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"}
_PKCS7 = {b"PKCS7", b"PKCS #7 SIGNED DATA", b"CMS"}
_OTHERS = {
    b"CERTIFICATE REQUEST": "A certificate signing request, which is no certificate",
    b"NEW CERTIFICATE REQUEST": "A certificate signing request, which is no certificate",
    b"X509 CRL": "A certificate revocation list, which is no certificate",
    b"PUBLIC KEY": "A public key without a certificate",
}
# Possessive, so that hostile texts are given up in one walk.
_HEADERS = re.compile(rb"^[^\n:]*+:[^\n]*+\n", re.MULTILINE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]++={0,2}\s*+")


def read_pem(text: bytes, passwords: Sequence[str], gathered: Gathering) -> str:
    """Each block by its label; what the format is."""
    kind, keys = "PEM", 0
    for number, (label, body) in enumerate(_blocks(text, gathered), start=1):
        if label.endswith(b"PRIVATE KEY"):
            keys += 1
        elif label in _CERTIFICATES:
            _read_certificate(number, body, passwords, gathered)
        elif label in _PKCS7:
            if der := _decode(number, body, gathered):
                kind = read_structures(der, passwords, gathered)
        elif label in _OTHERS:
            gathered.note(f"{_OTHERS[label]}.")
    if keys:
        gathered.mark_first()
        gathered.note(
            "A private key, which is not kept."
            if gathered.known
            else "A private key without a certificate; it is not kept."
        )
    return kind


def bare_base64(text: bytes) -> bytes | None:
    """What stands there in base64 without a frame."""
    if len(text) < 64 or not _BASE64.fullmatch(text):
        return None
    try:
        return b64decode(b"".join(text.split()))
    except Error:
        return None


def _read_certificate(
    number: int, body: bytes, passwords: Sequence[str], gathered: Gathering
) -> None:
    der = _decode(number, body, gathered)
    if der is None:
        return
    try:
        whole = element(der)
        # OpenSSL's TRUSTED CERTIFICATE has more behind it; some have PKCS#7 under this label.
        if whole.body < whole.end and der[whole.body] == 0x06:
            read_structures(der, passwords, gathered)
            return
        der = whole.raw
    except DerError:
        pass
    gathered.add(der, where=f"PEM block {number}")


def _decode(number: int, body: bytes, gathered: Gathering) -> bytes | None:
    if b":" in body:
        body = _HEADERS.sub(b"", body)
    try:
        return a2b_base64(body)
    except Error as error:
        gathered.trouble(f"PEM block {number} is no base64: {error}.")
        return None


def _blocks(text: bytes, gathered: Gathering) -> Iterator[tuple[bytes, bytes]]:
    """Label and body of each block, in one walk: there is no dash in base64."""
    at = text.find(BEGIN)
    while at >= 0:
        start = at + len(BEGIN)
        close = text.find(_DASHES, start, start + 100)
        body = close + len(_DASHES)
        end = text.find(_DASHES, body) if close >= 0 else -1
        label = text[start:close].strip() if close >= 0 else b""
        if end >= 0 and text.startswith(b"-----END " + label + _DASHES, end):
            yield label, text[body:end]
        else:
            shown = label.decode("ascii", "replace")
            gathered.trouble(f"A PEM block {shown!r} has no end.")
            end = start - len(_DASHES)
        at = text.find(BEGIN, end + len(_DASHES))
