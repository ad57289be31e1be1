"""Encryption and digests by a password: PKCS#12 (RFC 7292, B), PBES2 and PBMAC1 (RFC 8018)."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from certs.x509.containers.rc2 import decrypt_rc2
from certs.x509.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    integer,
    oid,
)

# Of one file and all passwords together: about a second. Java asks for 10,000, OpenSSL for 2,048.
MAX_ITERATIONS = 1_000_000
# Of the longest hash.
_MAX_KEY_BYTES = 128

_PBES2, _PBKDF2, _PBMAC1 = (f"1.2.840.113549.1.5.{number}" for number in (13, 12, 14))
# PRFs of PBKDF2, and hashes of a MAC.
_HASHES = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
# Bytes of the key, and whether it is RC2's.
_OLD = {
    "1.2.840.113549.1.12.1.3": (24, False),
    "1.2.840.113549.1.12.1.4": (16, False),
    "1.2.840.113549.1.12.1.5": (16, True),
    "1.2.840.113549.1.12.1.6": (5, True),
}
_AES = {f"2.16.840.1.101.3.4.1.{number}": size for number, size in ((2, 16), (22, 24), (42, 32))}
_TRIPLE_DES = "1.2.840.113549.3.7"


# None: no password at all, which is not an empty one.
Password = str | None


class PasswordError(Exception):
    """This password opens it not."""


@dataclass(slots=True)
class Budget:
    """Iterations that may still be spent. Each costs a hash; a file may ask for billions."""

    left: int = MAX_ITERATIONS

    def spend(self, many: int) -> None:
        """Raises DerError where it is too much."""
        if many < 1:
            raise DerError(f"{many} iterations are asked for")
        if many > self.left:
            raise DerError(f"{many} iterations are asked for, {self.left} are left to spend")
        self.left -= many


def decrypt(algorithm: Element, data: bytes, password: Password, budget: Budget) -> bytes:
    """What the password opens. Raises PasswordError, and DerError for what is not known."""
    kind, parameters = _identifier(algorithm)
    if kind == _PBES2:
        plain = _decrypt_pbes2(parameters, data, password, budget)
    elif kind in _OLD:
        plain = _decrypt_old(kind, parameters, data, password, budget)
    else:
        raise DerError(f"the encryption {kind} is not known")
    pad = plain[-1] if plain else 0
    if not 1 <= pad <= 16 or plain[-pad:] != bytes([pad]) * pad:
        raise PasswordError
    return plain[:-pad]


def check_mac(mac: Element, data: bytes, password: Password, budget: Budget) -> bool:
    """Whether the digest over the data is by this password. Raises DerError."""
    parts = list(mac.expect(SEQUENCE, "the MAC").children())
    digest_info = list(parts[0].children()) if parts else []
    if len(digest_info) != 2 or len(parts) < 2:
        raise DerError("the MAC lacks a part")
    kind, parameters = _identifier(digest_info[0])
    expected = digest_info[1].expect(OCTET_STRING, "the digest").content
    if kind == _PBMAC1:
        if len(parameters) < 2:
            raise DerError("the MAC lacks a part")
        key = _pbkdf2(parameters[0], password, None, budget)
        hash_name = _hash(_identifier(parameters[1])[0])
    else:
        hash_name = _hash(kind)
        iterations = integer(parts[2], "the iterations") if len(parts) > 2 else 1
        size = hashlib.new(hash_name, usedforsecurity=False).digest_size
        salt = parts[1].expect(OCTET_STRING, "the salt").content
        key = _derive_old(hash_name, password, salt, iterations, 3, size, budget)
    return hmac.compare_digest(hmac.digest(key, data, hash_name), expected)


def _identifier(read: Element) -> tuple[str, list[Element]]:
    """The OID, and what its parameters hold."""
    parts = list(read.expect(SEQUENCE, "the algorithm").children())
    if not parts:
        raise DerError(f"the algorithm at byte {read.start} is empty")
    rest = list(parts[1].children()) if len(parts) > 1 and parts[1].tag == SEQUENCE else parts[1:]
    return oid(parts[0].expect(OBJECT_IDENTIFIER, "the algorithm")), rest


def _hash(dotted: str) -> str:
    if dotted not in _HASHES:
        raise DerError(f"the hash {dotted} is not known")
    return _HASHES[dotted]


def _pbkdf2(read: Element, password: Password, size: int | None, budget: Budget) -> bytes:
    kind, parameters = _identifier(read)
    if kind != _PBKDF2 or len(parameters) < 2:
        raise DerError(f"the derivation {kind} is not known")
    salt = parameters[0].expect(OCTET_STRING, "the salt").content
    iterations = integer(parameters[1], "the iterations")
    prf = "sha1"
    for part in parameters[2:]:
        if part.tag == INTEGER:
            size = size or integer(part, "the key's length")
        else:
            prf = _hash(_identifier(part)[0])
    if size is None or not 1 <= size <= _MAX_KEY_BYTES:
        raise DerError(f"a key of {size} bytes is asked for")
    budget.spend(iterations)
    return hashlib.pbkdf2_hmac(
        prf, (password or "").encode("utf-8", "replace"), salt, iterations, size
    )


def _decrypt_pbes2(
    parameters: list[Element], data: bytes, password: Password, budget: Budget
) -> bytes:
    if len(parameters) < 2:
        raise DerError("the encryption lacks a part")
    cipher, vectors = _identifier(parameters[1])
    vector = vectors[0].expect(OCTET_STRING, "the vector").content if vectors else b""
    size = _AES.get(cipher) or (24 if cipher == _TRIPLE_DES else 0)
    if not size:
        raise DerError(f"the cipher {cipher} is not known")
    key = _pbkdf2(parameters[0], password, size, budget)
    return _decrypt_cbc(AES if cipher in _AES else TripleDES, key, vector, data)


def _decrypt_old(
    kind: str, parameters: list[Element], data: bytes, password: Password, budget: Budget
) -> bytes:
    if len(parameters) != 2:
        raise DerError("the encryption lacks a part")
    salt = parameters[0].expect(OCTET_STRING, "the salt").content
    iterations = integer(parameters[1], "the iterations")
    size, is_rc2 = _OLD[kind]
    key = _derive_old("sha1", password, salt, iterations, 1, size, budget)
    vector = _derive_old("sha1", password, salt, iterations, 2, 8, budget)
    if is_rc2:
        return decrypt_rc2(key, vector, data)
    return _decrypt_cbc(TripleDES, key, vector, data)


def _decrypt_cbc(
    cipher: Callable[[bytes], AES | TripleDES], key: bytes, vector: bytes, data: bytes
) -> bytes:
    try:
        opening = Cipher(cipher(key), CBC(vector)).decryptor()
        return opening.update(data) + opening.finalize()
    except ValueError as error:
        raise DerError(f"what is encrypted is damaged: {error}") from error


def _derive_old(
    hash_name: str, password: Password, salt: bytes, iterations: int, purpose: int, size: int,
    budget: Budget,
) -> bytes:  # fmt: skip
    """RFC 7292, B.2. `purpose`: 1 a key, 2 a vector, 3 a key of a MAC."""
    budget.spend(iterations)
    block = hashlib.new(hash_name, usedforsecurity=False).block_size
    # With a NUL at its end, even where it is empty.
    text = b"" if password is None else f"{password}\0".encode("utf-16-be", "surrogatepass")
    mixed = _fill(salt, block) + _fill(text, block)
    derived = b""
    while len(derived) < size:
        digest = hashlib.new(hash_name, bytes([purpose]) * block + mixed, usedforsecurity=False)
        for _ in range(iterations - 1):
            digest = hashlib.new(hash_name, digest.digest(), usedforsecurity=False)
        derived += digest.digest()
        added = int.from_bytes(_fill(digest.digest(), block)[:block], "big") + 1
        mixed = b"".join(
            ((int.from_bytes(mixed[at : at + block], "big") + added) % (1 << 8 * block)).to_bytes(
                block, "big"
            )
            for at in range(0, len(mixed), block)
        )
    return derived[:size]


def _fill(text: bytes, block: int) -> bytes:
    """The text over and over, to whole blocks."""
    size = -(-len(text) // block) * block
    return (text * (size // len(text) + 1))[:size] if text else b""
