"""The demo's own authorities, and what they issue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ORGANIZATION = "Acme"


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, and the issuers that are to be served with it."""

    certificate: x509.Certificate
    key: Any
    above: tuple[Issued, ...] = ()

    @property
    def pem(self) -> bytes:
        """Of it alone."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def chain_pem(self) -> bytes:
        """Of it and those above it."""
        return b"".join([self.pem, *(each.pem for each in self.above)])

    @property
    def key_pem(self) -> bytes:
        """Of its private key."""
        pem: bytes = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem

    def write(self, path: Path) -> None:
        """The chain, and the key beside it, as servers load them."""
        path.write_bytes(self.chain_pem)
        key = path.with_suffix(".key")
        key.touch(mode=0o600)
        key.write_bytes(self.key_pem)


def issue(
    name: str,
    *,
    by: Issued | None,
    start: datetime,
    end: datetime,
    ca: bool = False,
    bits: int = 0,
    served: bool = True,
) -> Issued:
    """A certificate for that name, self-signed without `by`.

    `bits`: an RSA key of so many; `served`: whether its issuer goes with it.
    """
    key: Any = ec.generate_private_key(ec.SECP256R1())
    if bits:
        key = rsa.generate_private_key(65537, bits)
    subject = _name(name)
    signer = by.key if by else key
    builder = (
        x509.CertificateBuilder(subject_name=subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
    )
    if not ca:
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(names, critical=False).add_extension(usage, critical=False)
    above = (by, *by.above) if by is not None and by.above else ()
    if by is not None and by.certificate.issuer != by.certificate.subject and not above:
        above = (by,)
    return Issued(builder.sign(signer, hashes.SHA256()), key, above if served else ())


def _name(text: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


class Authority:
    """A root with what it vouches for, as of a moment."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.root = self._of("Root", by=None, ca=True, days=(-700, 2900))
        self.issuer = self._of("TLS CA 1", by=self.root, ca=True, days=(-300, 1500))
        self.late_issuer = self._of("TLS CA 0", by=self.root, ca=True, days=(-900, -3))
        self.stranger = self._of("Somebody's Root", by=None, ca=True, days=(-100, 900))

    def leaf(self, name: str, days: tuple[float, float], **options: Any) -> Issued:
        """For that name, valid from and until so many days from now."""
        return self._of(name, by=options.pop("by", self.issuer), days=days, **options)

    def strangers_leaf(self, name: str, days: tuple[float, float]) -> Issued:
        """By an authority that nobody trusts, which is served with it."""
        made = self._of(name, by=self.stranger, days=days)
        return Issued(made.certificate, made.key, (self.stranger,))

    def _of(self, name: str, *, days: tuple[float, float], **options: Any) -> Issued:
        start, end = (self.now + timedelta(days=each) for each in days)
        return issue(name, start=start, end=end, **options)
