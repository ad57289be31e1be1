"""A log of certificate transparency on this machine: RFC 6962's API and static-ct's."""

import base64
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.certs.pki import Issued, new_key

AT = 1_772_452_800_000
ORIGIN = "log.example.test/2026"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def vector(data: bytes, size: int = 3) -> bytes:
    """A TLS vector."""
    return len(data).to_bytes(size) + data


def logged_before_issue(by: Issued, *names: str, **options: Any) -> tuple["Logged", Issued]:
    """An entry of a precertificate, and the certificate that it announces (RFC 6962, 3.1)."""
    same = {"serial": x509.random_serial_number(), "key": new_key(), **options}
    poison: Any = ((x509.PrecertPoison(), True),)
    final = by.issue(*names, **same)
    return Logged(by.issue(*names, extensions=poison, **same), final), final


@dataclass(frozen=True)
class Logged:
    """An entry."""

    issued: Issued
    # Of a precertificate: its certificate, which has no SCTs here.
    final: Issued | None = None

    @property
    def timestamped(self) -> bytes:
        start = AT.to_bytes(8)
        if self.final:
            body = b"\x00\x01" + b"k" * 32 + vector(self.final.certificate.tbs_certificate_bytes)
        else:
            body = b"\x00\x00" + vector(self.issued.der)
        return start + body + b"\x00\x00"

    @property
    def leaf_input(self) -> bytes:
        return b"\x00\x00" + self.timestamped

    @property
    def extra_data(self) -> bytes:
        chain = vector(b"")
        return vector(self.issued.der) + chain if self.final else chain

    @property
    def tile_leaf(self) -> bytes:
        pre = vector(self.issued.der) if self.final else b""
        return self.timestamped + pre + vector(b"f" * 64, 2)

    def as_json(self) -> dict[str, str]:
        return {"leaf_input": b64(self.leaf_input), "extra_data": b64(self.extra_data)}


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH (RFC 6962, 2.1)."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = tree_hash(leaves[:split]), tree_hash(leaves[split:])
    return sha256(b"\x01" + left + right).digest()


@dataclass
class Log:
    """What it has; `at_once` is the most that get-entries gives."""

    entries: list[Logged] = field(default_factory=list)
    at_once: int = 100
    # Partial tiles are gone, as they may be where the full one exists.
    no_partials: bool = False
    key: Any = field(default_factory=new_key)

    @property
    def public(self) -> str:
        return b64(self._spki)

    @property
    def _spki(self) -> bytes:
        found: bytes = self.key.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        return found

    def _head(self) -> tuple[int, bytes, bytes]:
        root = tree_hash([each.leaf_input for each in self.entries])
        size = len(self.entries)
        signed = b"\x00\x01" + AT.to_bytes(8) + size.to_bytes(8) + root
        signature = self.key.sign(signed, ec.ECDSA(SHA256()))
        return size, root, b"\x04\x03" + vector(signature, 2)

    def __call__(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
        """An answer of either API."""
        parts = urlsplit(path)
        if parts.path == "/ct/v1/get-sth":
            size, root, signature = self._head()
            return 200, {
                "tree_size": size, "timestamp": AT, "sha256_root_hash": b64(root),
                "tree_head_signature": b64(signature),
            }  # fmt: skip
        if parts.path == "/ct/v1/get-entries":
            query = parse_qs(parts.query)
            start, end = int(query["start"][0]), int(query["end"][0])
            found = self.entries[start : min(end + 1, start + self.at_once)]
            return 200, {"entries": [each.as_json() for each in found]}
        if parts.path == "/checkpoint":
            return 200, self.checkpoint()
        if parts.path.startswith("/tile/data/"):
            return self._tile(parts.path.removeprefix("/tile/data/"))
        return 404, b"nothing"

    def checkpoint(self) -> bytes:
        size, root, signature = self._head()
        key_id = sha256(ORIGIN.encode() + b"\n\x05" + sha256(self._spki).digest()).digest()[:4]
        signed = b64(key_id + AT.to_bytes(8) + signature)
        other = b64(b"abcd" + b"x" * 64)
        return (
            f"{ORIGIN}\n{size}\n{b64(root)}\n\n\u2014 witness {other}\n\u2014 {ORIGIN} {signed}\n"
        ).encode()

    def _tile(self, path: str) -> tuple[int, bytes]:
        name, _, width = path.partition(".p/")
        number = int(name.replace("x", "").replace("/", ""))
        found = self.entries[number * 256 : (number + 1) * 256]
        if width and (self.no_partials or len(found) < int(width)):
            return 404, b"gone"
        if not width and len(found) < 256:
            return 404, b"not yet"
        data = b"".join(each.tile_leaf for each in (found[: int(width)] if width else found))
        return 200, data
