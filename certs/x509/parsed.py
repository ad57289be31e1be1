"""What a certificate says, in plain values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

NameKind = Literal["cn", "dns", "ip", "email", "uri", "other"]


@dataclass(frozen=True, slots=True)
class CertName:
    """A name in a certificate: of its subject (cn) or of its subjectAltName.

    `value` is lower case and ASCII (a DNS name's A-labels, an address in its short form);
    `unicode` the same for people.
    """

    kind: NameKind
    value: str
    unicode: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A certificate (RFC 5280), as far as it can be read; `errors` says what could not be.

    Digests are lower-case hex of SHA-256; instants are in UTC.
    """

    der: bytes
    sha256: str
    # Of the part that is signed without the poison and SCT extensions: a precertificate and its
    # certificate have the same (RFC 6962, 3.2).
    tbs_sha256: str
    # Of the SubjectPublicKeyInfo.
    spki_sha256: str
    # Hex without colons, with the sign if it is negative.
    serial: str
    # RFC 4514, for people; and digests of the DER names, to join by.
    subject: str
    issuer: str
    subject_key: str
    issuer_key: str
    # The issuer's organisation and common name, such as "Let's Encrypt R11".
    issuer_title: str
    common_name: str
    names: tuple[CertName, ...]
    not_before: datetime
    not_after: datetime
    # "rsa", "ec", "ed25519", "ed448", "dsa", "other"; bits; the curve's name, such as "secp256r1".
    key_type: str
    key_size: int | None
    key_curve: str
    # Dotted, and its name, such as "sha256WithRSAEncryption".
    signature_oid: str
    signature_name: str
    # Lower case, such as "sha256"; empty where the signature has none of its own (Ed25519).
    signature_hash: str
    is_ca: bool
    # Whether its own key signed it, which was checked.
    self_signed: bool
    is_precertificate: bool
    # Hex; empty: absent.
    subject_key_id: str
    authority_key_id: str
    # key_usage, extended_key_usage (OIDs), path_length, ocsp_urls, issuer_urls, crl_urls, scts (how
    # many), must_staple, policies.
    details: dict[str, Any] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
