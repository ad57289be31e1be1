"""Entries of logs: MerkleTreeLeaf (RFC 6962, 3.4, 4.6) and TileLeaf (c2sp.org/static-ct-api)."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from opsportal.lib.errors import PayloadError

_X509, _PRECERT = 0, 1
# ASN.1Cert<1..2^24-1>
_CERT = 3


class EntryError(PayloadError):
    """These bytes are no entry of a log."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What was logged: a certificate, or a precertificate."""

    der: bytes
    # Milliseconds since 1970.
    timestamp: int
    # Of a precertificate: the digest of what its certificate will be, in hex; else empty.
    tbs_sha256: str = ""


class _Reader:
    """Bytes from left to right. Raises EntryError past their end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            raise EntryError(f"The entry ends at byte {len(self.data)}, and should go on to {end}.")
        taken, self.at = self.data[self.at : end], end
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> bytes:
        return self.take(self.number(size))

    def certificate(self) -> bytes:
        if not (taken := self.vector(_CERT)):
            raise EntryError("The entry has an empty certificate.")
        return taken


def read_leaf(leaf_input: bytes, extra_data: bytes) -> LogEntry:
    """An entry as get-entries has it. Raises EntryError."""
    reader = _Reader(leaf_input)
    version, leaf_type = reader.number(1), reader.number(1)
    if (version, leaf_type) != (0, 0):
        raise EntryError(f"The leaf is of version {version}, type {leaf_type}, and not of 0, 0.")
    entry = _timestamped(reader)
    if reader.at != len(leaf_input):
        raise EntryError(f"The leaf goes on after byte {reader.at}, where it ends.")
    if entry.tbs_sha256:
        # PrecertChainEntry; the chain after it is the issuers'.
        return LogEntry(_Reader(extra_data).certificate(), entry.timestamp, entry.tbs_sha256)
    return entry


def read_tile(data: bytes) -> Iterator[LogEntry]:
    """The entries of a data tile, decompressed. Raises EntryError."""
    reader = _Reader(data)
    while reader.at < len(data):
        entry = _timestamped(reader)
        if entry.tbs_sha256:
            entry = LogEntry(reader.certificate(), entry.timestamp, entry.tbs_sha256)
        if len(reader.vector(2)) % 32:
            raise EntryError("The issuers of an entry are no SHA-256 digests.")
        yield entry


def _timestamped(reader: _Reader) -> LogEntry:
    """A TimestampedEntry; of a precertificate without its DER."""
    timestamp, kind = reader.number(8), reader.number(2)
    if kind == _X509:
        entry = LogEntry(reader.certificate(), timestamp)
    elif kind == _PRECERT:
        reader.take(32)  # digest of the issuer's key
        entry = LogEntry(b"", timestamp, sha256(reader.certificate()).hexdigest())
    else:
        raise EntryError(f"The entry is of an unknown type: {kind}.")
    reader.vector(2)  # extensions
    return entry
