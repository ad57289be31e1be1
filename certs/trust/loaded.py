"""Certificates as the verifiers want them, read once each."""

import warnings
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from OpenSSL import crypto

# What cryptography raises for data that makes no sense, some of it late.
UNREADABLE = (
    ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip
# What is larger is no certificate that a client would read.
MAX_DER = 131_072

NameKey = tuple[frozenset[tuple[str, str | bytes]], ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A certificate. `subject` and `issuer` are equal for names that RFC 5280 (7.1) holds equal."""

    der: bytes
    sha256: str
    read: x509.Certificate
    openssl: crypto.X509
    subject: NameKey
    issuer: NameKey
    # Instants in UTC.
    not_before: datetime
    not_after: datetime

    @property
    def title(self) -> str:
        """What people call it."""
        return title_of(self.read.subject) or self.sha256[:16]


@lru_cache(maxsize=2048)
def load(der: bytes) -> Loaded | None:
    """None: it cannot be verified, since a verifier cannot read it."""
    if len(der) > MAX_DER:
        return None
    try:
        with warnings.catch_warnings():
            # Such as a negative serial number.
            warnings.simplefilter("ignore")
            read = x509.load_der_x509_certificate(der)
        return Loaded(
            der=der,
            sha256=sha256(der).hexdigest(),
            read=read,
            openssl=crypto.X509.from_cryptography(read),
            subject=name_key(read.subject),
            issuer=name_key(read.issuer),
            not_before=read.not_valid_before_utc,
            not_after=read.not_valid_after_utc,
        )
    except (*UNREADABLE, crypto.Error):
        return None


def title_of(name: x509.Name) -> str:
    """The common name, or the last part of the name."""
    common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    parts = common or list(name)[-1:]
    return str(parts[-1].value) if parts else ""


def name_key(name: x509.Name) -> NameKey:
    """The name without what makes no difference: case, spaces, how its texts are encoded."""
    return tuple(
        frozenset((each.oid.dotted_string, _folded(each.value)) for each in part)
        for part in name.rdns
    )


def _folded(value: str | bytes) -> str | bytes:
    return " ".join(value.split()).lower() if isinstance(value, str) else value
