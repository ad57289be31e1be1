"""Authorities and certificates, made in milliseconds: keys of P-256 where not asked otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.x509 import Parsed, parse_certificate

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def later(**span: float) -> datetime:
    """So long after NOW."""
    return NOW + timedelta(**span)


def new_key(kind: str = "p256") -> Any:
    """A private key: p256, p384, p521, p192, ed25519, ed448, rsa1024, rsa2048."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ed448":
        return ed448.Ed448PrivateKey.generate()
    curves: dict[str, Any] = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}
    return ec.generate_private_key((curves | {"p192": ec.SECP192R1})[kind]())


@dataclass
class Issued:
    """A certificate, its key, and those above it up to (without) the root."""

    certificate: x509.Certificate
    key: Any
    above: list[Issued] = field(default_factory=list)
    root: Issued | None = None

    @cached_property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        pem: bytes = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem

    @property
    def chain(self) -> list[bytes]:
        """DER of the leaf and those above it, without the root."""
        return [self.der, *(each.der for each in self.above)]

    @property
    def chain_pem(self) -> bytes:
        return b"".join([self.pem, *(each.pem for each in self.above)])

    @property
    def parsed(self) -> Parsed:
        return parse_certificate(self.der)

    def write(self, folder: Path, name: str = "server") -> tuple[Path, Path]:
        """Files for servers: the chain, and the key."""
        chain, key = folder / f"{name}.pem", folder / f"{name}.key"
        chain.write_bytes(self.chain_pem)
        key.write_bytes(self.key_pem)
        return chain, key

    def issue(self, *names: str, **options: Any) -> Issued:
        """A leaf of this authority, for these host names and addresses."""
        return issue(names, by=self, **options)

    def authority(self, name: str, **options: Any) -> Issued:
        """An intermediate below this authority."""
        return issue((), common_name=name, by=self, ca=True, **options)


def issue(
    names: tuple[str, ...] = (),
    *,
    by: Issued | None = None,
    common_name: str = "",
    organization: str = "",
    ca: bool = False,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    lifetime: timedelta = 90 * DAY,
    key: Any = None,
    serial: int | None = None,
    sans: list[x509.GeneralName] | None = None,
    algorithm: Any = None,
    extensions: tuple[tuple[Any, bool], ...] = (),
    plain: bool = False,
) -> Issued:
    """A certificate; self-signed without `by`. `plain`: no extensions but names and `extensions`.

    Valid from NOW for `lifetime` unless said otherwise. `names` that are addresses become
    iPAddress; `sans` stands instead of them.
    """
    key = new_key(key) if isinstance(key, str) else key or new_key()
    start = not_before or NOW
    end = not_after or start + lifetime
    attributes = [(NameOID.COMMON_NAME, common_name or (names[0] if names else ""))]
    if organization:
        attributes.insert(0, (NameOID.ORGANIZATION_NAME, organization))
    subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in attributes if text])
    signer = by.key if by else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number() if serial is None else serial)
        .not_valid_before(start.replace(tzinfo=None))
        .not_valid_after(end.replace(tzinfo=None))
    )
    alternative = [_general(name) for name in names] if sans is None else sans
    if alternative:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
    if not plain:
        for extension, critical in _usual(key, signer, ca):
            builder = builder.add_extension(extension, critical)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    if algorithm is None and not isinstance(
        signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
    ):
        algorithm = hashes.SHA256()
    made = builder.sign(signer, algorithm)
    above = [] if by is None or by.root is None else [by, *by.above]
    return Issued(made, key, above, None if by is None else by.root or by)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usual(key: Any, signer: Any, ca: bool) -> list[tuple[Any, bool]]:
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=ca, crl_sign=ca,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    extended = [ExtendedKeyUsageOID.SERVER_AUTH]
    return [
        (x509.BasicConstraints(ca=ca, path_length=None), True),
        (usage, True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
        *([] if ca else [(x509.ExtendedKeyUsage(extended), False)]),
    ]


def root(name: str = "Test Root", **options: Any) -> Issued:
    """A root of ten years, two of them over."""
    options = {"not_before": NOW - 730 * DAY, "lifetime": 3650 * DAY, **options}
    return issue((), common_name=name, organization="Acme", ca=True, **options)


def intermediate(by: Issued | None = None, name: str = "Test CA 1", **options: Any) -> Issued:
    """An authority below a root; its leaves' chains have it."""
    options = {"not_before": NOW - 365 * DAY, "lifetime": 1825 * DAY, **options}
    return (by or root()).authority(name, organization="Acme", **options)
