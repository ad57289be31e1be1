"""Java's keystores JKS and JCEKS, read only.

The format is of the JDK (sun.security.provider.JavaKeyStore, com.sun.crypto.provider.JceKeyStore):
big-endian numbers, texts with their length before them, certificates in the clear, and at the end
SHA-1 of the password in UTF-16, some words, and all of the file.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from hashlib import sha1

from certs.x509.containers.contents import Gathering
from certs.x509.der import DerError, element

MAGICS: Mapping[bytes, str] = {b"\xfe\xed\xfe\xed": "JKS", b"\xce\xce\xce\xce": "JCEKS"}
_WORDS = b"Mighty Aphrodite"
_DIGEST = 20
_PRIVATE, _TRUSTED, _SECRET = 1, 2, 3
_X509 = re.compile(rb"\x00\x05X\.509")


class _Cursor:
    """A walk over the bytes. Raises DerError where they end too early."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, many: int) -> bytes:
        if self.at + many > len(self.data):
            raise DerError(f"the data ends inside what begins at byte {self.at}")
        taken = self.data[self.at : self.at + many]
        self.at += many
        return taken

    def number(self, octets: int = 4) -> int:
        return int.from_bytes(self.take(octets), "big")

    def text(self) -> str:
        return self.take(self.number(2)).decode("utf-8", "replace")


def read_javastore(data: bytes, kind: str, passwords: Sequence[str], gathered: Gathering) -> None:
    """All certificates in it; whether its digest is of one of the passwords."""
    if len(data) < 12 + _DIGEST:
        gathered.trouble(f"The {kind} keystore ends at byte {len(data)}.")
        return
    if passwords and not any(_is_password(data, each) for each in passwords):
        gathered.trouble(
            f"The password of the {kind} keystore is wrong, or the file was changed: its digest is "
            "another. Its certificates, which are in the clear, are listed all the same."
        )
    cursor = _Cursor(data[:-_DIGEST])
    cursor.at = 4
    try:
        version, many = cursor.number(), cursor.number()
        if version not in (1, 2):
            raise DerError(f"version {version} is not known")
        for _ in range(many):
            if not _entry(cursor, version, gathered):
                _scan(cursor, kind, gathered)
                return
    except DerError as error:
        gathered.trouble(f"The {kind} keystore cannot be read to its end: {error}.")


def _entry(cursor: _Cursor, version: int, gathered: Gathering) -> bool:
    """One entry; False for one that has no length."""
    tag = cursor.number()
    alias = cursor.text()
    # Milliseconds of when it was made.
    cursor.take(8)
    if tag == _TRUSTED:
        _certificate(cursor, version, alias, gathered)
    elif tag == _PRIVATE:
        cursor.take(cursor.number())
        for position in range(cursor.number()):
            _certificate(cursor, version, alias, gathered, has_key=position == 0)
    elif tag == _SECRET:
        return False
    else:
        raise DerError(f"an entry of the kind {tag}, before byte {cursor.at}, is not known")
    return True


def _certificate(
    cursor: _Cursor, version: int, alias: str, gathered: Gathering, *, has_key: bool = False
) -> None:
    kind = cursor.text() if version == 2 else "X.509"
    der = cursor.take(cursor.number())
    if kind == "X.509":
        gathered.add(der, alias, has_key=has_key, where=f"Entry {alias!r}")
    else:
        gathered.note(f"A certificate of the kind {kind!r}.")


def _scan(cursor: _Cursor, kind: str, gathered: Gathering) -> None:
    """After a secret key, a Java object whose length stands nowhere: certificates by their mark."""
    gathered.note(f"A secret key in the {kind} keystore; certificates after it lose their names.")
    for found in _X509.finditer(cursor.data, cursor.at):
        size = int.from_bytes(cursor.data[found.end() : found.end() + 4], "big")
        start = found.end() + 4
        try:
            read = element(cursor.data, start)
        except DerError as error:
            gathered.trouble(f"The {kind} keystore cannot be read to its end: {error}.")
            continue
        if read.tag == 0x30 and read.end == start + size:
            gathered.add(read.raw)


def _is_password(data: bytes, password: str) -> bool:
    text = password.encode("utf-16-be", "surrogatepass")
    digest = sha1(text + _WORDS + data[:-_DIGEST], usedforsecurity=False).digest()
    return hmac.compare_digest(digest, data[-_DIGEST:])
