"""Read a certificate, as far as it can be read."""

import warnings
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID, NameOID

from certs.x509.parsed import CertName, Parsed
from opsportal.lib.errors import PayloadError


class CertificateError(PayloadError):
    """These bytes are no certificate that anything can be told of."""


def parse_certificate(der: bytes) -> Parsed:
    """What the certificate says. Raises CertificateError where nothing can be read of it."""
    try:
        with warnings.catch_warnings():
            # Such as a negative serial number, which is kept as it is.
            warnings.simplefilter("ignore")
            read = x509.load_der_x509_certificate(der)
            return _parsed(read, der)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"This is no certificate: {error}") from error


def _parsed(read: x509.Certificate, der: bytes) -> Parsed:
    kind, size, curve = _key_of(read)
    extensions = read.extensions
    names = tuple(_names(read, extensions))
    common = next((name.unicode or name.value for name in names if name.kind == "cn"), "")
    signature = read.signature_hash_algorithm
    return Parsed(
        der=der,
        sha256=sha256(der).hexdigest(),
        tbs_sha256=sha256(read.tbs_certificate_bytes).hexdigest(),
        spki_sha256=sha256(
            read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).hexdigest(),
        serial=f"{read.serial_number:x}",
        subject=read.subject.rfc4514_string(),
        issuer=read.issuer.rfc4514_string(),
        subject_key=sha256(read.subject.public_bytes()).hexdigest(),
        issuer_key=sha256(read.issuer.public_bytes()).hexdigest(),
        issuer_title=_title(read.issuer),
        common_name=common,
        names=names,
        not_before=read.not_valid_before_utc,
        not_after=read.not_valid_after_utc,
        key_type=kind,
        key_size=size,
        key_curve=curve,
        signature_oid=read.signature_algorithm_oid.dotted_string,
        signature_name=read.signature_algorithm_oid._name,
        signature_hash=signature.name if signature else "",
        is_ca=_is_ca(extensions),
        self_signed=_is_self_signed(read),
        is_precertificate=_value(extensions, ExtensionOID.PRECERT_POISON) is not None,
        subject_key_id="",
        authority_key_id="",
    )


def _title(name: x509.Name) -> str:
    oids = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
    parts = [str(each.value) for oid in oids for each in name.get_attributes_for_oid(oid)[:1]]
    return " ".join(parts) or name.rfc4514_string()


def _key_of(read: x509.Certificate) -> tuple[str, int | None, str]:
    key = read.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa", key.key_size, ""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ec", key.key_size, key.curve.name
    if isinstance(key, dsa.DSAPublicKey):
        return "dsa", key.key_size, ""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519", 256, ""
    if isinstance(key, ed448.Ed448PublicKey):
        return "ed448", 456, ""
    return "other", None, ""


def _value(extensions: x509.Extensions, oid: x509.ObjectIdentifier) -> Any:
    try:
        return extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None


def _is_ca(extensions: x509.Extensions) -> bool:
    basic = _value(extensions, ExtensionOID.BASIC_CONSTRAINTS)
    return bool(basic and basic.ca)


def _is_self_signed(read: x509.Certificate) -> bool:
    try:
        read.verify_directly_issued_by(read)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _names(read: x509.Certificate, extensions: x509.Extensions) -> list[CertName]:
    common = read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    names = [CertName("cn", str(each.value).lower(), str(each.value)) for each in common]
    alternative = _value(extensions, ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    for each in alternative or ():
        match each:
            case x509.DNSName():
                names.append(CertName("dns", each.value.lower(), each.value.lower()))
            case x509.IPAddress():
                names.append(CertName("ip", str(each.value), str(each.value)))
            case x509.RFC822Name():
                names.append(CertName("email", each.value.lower(), each.value))
            case x509.UniformResourceIdentifier():
                names.append(CertName("uri", each.value, each.value))
            case _:
                names.append(CertName("other", repr(each.value), ""))
    return names


__all__ = ["CertificateError", "parse_certificate"]
