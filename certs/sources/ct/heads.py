"""Heads of logs: signed tree heads (RFC 6962, 3.5, 4.3), checkpoints (c2sp.org/static-ct-api)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from certs.sources.source import SourceError

LogKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
# Of a note's signature (c2sp.org/signed-note): "RFC6962NoteSignature".
_NOTE_TYPE = b"\x05"
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class TreeHead:
    """How many entries the log has, and the root of its tree; the time is in ms since 1970."""

    size: int
    root: bytes
    timestamp: int


def load_key(text: str) -> LogKey:
    """The log's key: PEM, or base64 of DER as in lists of logs. Raises SourceError."""
    try:
        if "-----BEGIN" in text:
            key = load_pem_public_key(text.encode())
        else:
            key = load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm) as error:
        raise SourceError("The log's key is no public key.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise SourceError("The log's key is neither of ECDSA nor of RSA (RFC 6962, 2.1.4).")
    return key


def read_sth(answer: Any, key: LogKey | None) -> TreeHead:
    """What get-sth answers; its signature is checked where there is a key. Raises SourceError."""
    if not isinstance(answer, Mapping):
        raise SourceError("It answered no tree head.")
    size, at = _count(answer.get("tree_size")), _count(answer.get("timestamp"))
    root = _base64(answer.get("sha256_root_hash"))
    if size is None or at is None or len(root) != 32:
        raise SourceError("It answered no tree head.")
    head = TreeHead(size, root, at)
    if key is not None:
        _check(head, _base64(answer.get("tree_head_signature")), key)
    return head


def read_checkpoint(note: bytes, key: LogKey | None) -> TreeHead:
    """The checkpoint of a static log; its signature is checked with a key. Raises SourceError."""
    try:
        body, _, signatures = note.decode().partition("\n\n")
    except UnicodeDecodeError as error:
        raise SourceError("It answered no checkpoint.") from error
    lines = body.split("\n")
    if len(lines) < 3 or not lines[1].isascii() or not lines[1].isdigit() or len(lines[1]) > 18:
        raise SourceError("It answered no checkpoint.")
    root = _base64(lines[2])
    if len(root) != 32:
        raise SourceError("Its checkpoint has no root of 32 bytes.")
    size = int(lines[1])
    if key is None:
        return TreeHead(size, root, 0)
    signed = _signature_of(lines[0], signatures, key)
    head = TreeHead(size, root, int.from_bytes(signed[:8]))
    _check(head, signed[8:], key)
    return head


def _signature_of(origin: str, signatures: str, key: LogKey) -> bytes:
    """The RFC6962NoteSignature by this key. Raises SourceError."""
    log_id = sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    key_id = sha256(origin.encode() + b"\n" + _NOTE_TYPE + log_id).digest()[:4]
    for line in signatures.split("\n"):
        name, _, encoded = line.removeprefix("\u2014 ").rpartition(" ")
        signed = _base64(encoded)
        if name == origin and signed[:4] == key_id:
            return signed[4:]
    raise SourceError("Its checkpoint is not signed with the log's key.")


def _check(head: TreeHead, signature: bytes, key: LogKey) -> None:
    """A TreeHeadSignature: version, type, time, size, root. Raises SourceError."""
    signed = b"\x00\x01" + head.timestamp.to_bytes(8) + head.size.to_bytes(8) + head.root
    # digitally-signed (RFC 5246, 4.7): hash and signature algorithm, length, signature.
    blob = signature[4:]
    if len(signature) < 4 or int.from_bytes(signature[2:4]) != len(blob):
        raise SourceError("The signature of its head is broken.")
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(blob, signed, padding.PKCS1v15(), SHA256())
        else:
            key.verify(blob, signed, ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise SourceError("Its head is not signed with the log's key.") from error


def _count(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < _LARGEST else None


def _base64(value: Any) -> bytes:
    """Empty for what is none."""
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (ValueError, binascii.Error):
        return b""
