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
from certs.x509.der import DerError

MAGICS: Mapping[bytes, str] = {b"\xfe\xed\xfe\xed": "JKS", b"\xce\xce\xce\xce": "JCEKS"}
_WORDS = b"Mighty Aphrodite"
_DIGEST = 20
_PRIVATE, _TRUSTED, _SECRET = 1, 2, 3
# An entry's kind, and the beginning of its alias' length.
_HEAD = re.compile(rb"\x00\x00\x00[\x01-\x03][\x00-\x03]")
# How a serialized Java object begins (Java Object Serialization Specification, 6.4.2).
_OBJECT = b"\xac\xed\x00\x05"


class _Cursor:
    """A walk over the bytes. Raises DerError where they end too early."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def take(self, many: int) -> bytes:
        start = self.at
        self.skip(many)
        return self.data[start : self.at]

    def skip(self, many: int) -> None:
        if self.at + many > len(self.data):
            raise DerError(f"the data ends inside what begins at byte {self.at}")
        self.at += many

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
    cursor = _Cursor(data[:-_DIGEST], 4)
    try:
        version, many = cursor.number(), cursor.number()
        if version not in (1, 2):
            raise DerError(f"version {version} is not known")
        for _ in range(many):
            _entry(cursor, version, gathered)
    except DerError as error:
        gathered.trouble(f"The {kind} keystore cannot be read to its end: {error}.")


def _entry(cursor: _Cursor, version: int, gathered: Gathering) -> None:
    tag = cursor.number()
    alias = cursor.text()
    # Milliseconds of when it was made.
    cursor.skip(8)
    if tag == _TRUSTED:
        _certificate(cursor, version, alias, gathered)
    elif tag == _PRIVATE:
        cursor.skip(cursor.number())
        for position in range(cursor.number()):
            _certificate(cursor, version, alias, gathered, has_key=position == 0)
    elif tag == _SECRET:
        gathered.note("A secret key, which stays shut.")
        cursor.at = _after_secret(cursor, version)
    else:
        raise DerError(f"an entry of the kind {tag}, before byte {cursor.at}, is not known")


def _certificate(
    cursor: _Cursor, version: int, alias: str, gathered: Gathering, *, has_key: bool = False
) -> None:
    kind = cursor.text() if version == 2 else "X.509"
    der = cursor.take(cursor.number())
    if kind == "X.509":
        gathered.add(der, alias, has_key=has_key, where=f"Entry {alias!r}")
    else:
        gathered.note(f"A certificate of the kind {kind!r}.")


def _after_secret(cursor: _Cursor, version: int) -> int:
    """Where the next entry begins, or the end: a secret key is a Java object without a length."""
    for found in _HEAD.finditer(cursor.data, cursor.at):
        trial = _Cursor(cursor.data, found.start())
        try:
            if _begins_entry(trial, version):
                return found.start()
        except DerError:
            continue
    return len(cursor.data)


def _begins_entry(cursor: _Cursor, version: int) -> bool:
    """Whether what begins here can be an entry, by what is fixed in it. Raises DerError."""
    tag = cursor.number()
    if not cursor.text().isprintable():
        return False
    cursor.skip(8)
    if tag == _SECRET:
        return cursor.take(4) == _OBJECT
    if tag == _PRIVATE:
        cursor.skip(cursor.number())
        if cursor.number() == 0:
            return False
    if version == 2 and cursor.text() != "X.509":
        return False
    size = cursor.number()
    return size > 0 and cursor.take(1) == b"\x30" and cursor.at + size - 1 <= len(cursor.data)


def _is_password(data: bytes, password: str) -> bool:
    text = password.encode("utf-16-be", "surrogatepass")
    digest = sha1(text + _WORDS + data[:-_DIGEST], usedforsecurity=False).digest()
    return hmac.compare_digest(digest, data[-_DIGEST:])
