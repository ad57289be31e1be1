"""Certificate revocation lists (RFC 5280, 5): read, checked, and asked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from certs.trust.answer import SKEW, Answer, RevocationError
from certs.trust.loaded import UNREADABLE, Loaded, name_key

# Extensions that are understood here; another critical one makes a list unusable (5.2).
_UNDERSTOOD = {
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.CRL_NUMBER,
    ExtensionOID.ISSUING_DISTRIBUTION_POINT,
}


@dataclass(frozen=True, slots=True)
class RevokedList:
    """A list that its issuer signed."""

    read: x509.CertificateRevocationList
    issuer: Loaded
    this_update: datetime
    next_update: datetime | None
    entries: int
    _scope: x509.IssuingDistributionPoint | None

    def ask(self, certificate: Loaded, urls: Collection[str]) -> Answer:
        """Whether the certificate is in it. `urls`: where the certificate says its list is.

        Raises RevocationError where the list is not about such certificates.
        """
        self._check_scope(certificate, urls)
        serial = certificate.read.serial_number
        try:
            entry = self.read.get_revoked_certificate_by_serial_number(serial)
        except UNREADABLE as error:
            raise RevocationError(f"the list cannot be read: {error}"[:300]) from error
        if entry is None or _reason(entry) == "remove_from_crl":
            return Answer("good", self.this_update, self.next_update)
        return Answer(
            "revoked", self.this_update, self.next_update, entry.revocation_date_utc, _reason(entry)
        )

    def _check_scope(self, certificate: Loaded, urls: Collection[str]) -> None:
        """One issuer's lists may not stand for each other (5.2.5)."""
        scope = self._scope
        if scope is None:
            return
        named = {
            each.value
            for each in scope.full_name or ()
            if isinstance(each, x509.UniformResourceIdentifier)
        }
        if scope.full_name is not None and not named & set(urls):
            raise RevocationError("the list is another one than the certificate names")
        authority = _is_authority(certificate.read)
        if (
            scope.only_contains_attribute_certs
            or (scope.only_contains_user_certs and authority)
            or (scope.only_contains_ca_certs and not authority)
        ):
            raise RevocationError("the list is not about certificates of its kind")


def open_list(data: bytes, issuer: Loaded, *, at: datetime) -> RevokedList:
    """Read a list in DER or PEM, and check that this issuer signed it. Raises RevocationError."""
    try:
        read = _load(data)
        scope = _scope(read)
        signed = read.issuer == issuer.read.subject or (name_key(read.issuer) == issuer.subject)
        signed = signed and read.is_signature_valid(issuer.read.public_key())  # type: ignore[arg-type]
        this_update, next_update = read.last_update_utc, read.next_update_utc
        entries = len(read)
    except UNREADABLE as error:
        raise RevocationError(f"the list cannot be read: {error}"[:300]) from error
    if not signed:
        raise RevocationError(f"the list is not signed by {issuer.title}")
    if this_update > at + SKEW:
        raise RevocationError(f"the list is dated ahead: {this_update:%Y-%m-%d %H:%M} UTC")
    return RevokedList(read, issuer, this_update, next_update, entries, scope)


def _load(data: bytes) -> x509.CertificateRevocationList:
    if data.lstrip().startswith(b"-----BEGIN"):
        return x509.load_pem_x509_crl(data)
    return x509.load_der_x509_crl(data)


def _scope(read: x509.CertificateRevocationList) -> x509.IssuingDistributionPoint | None:
    scope: x509.IssuingDistributionPoint | None = None
    for extension in read.extensions:
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            scope = extension.value
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise ValueError(f"critical extension {extension.oid.dotted_string}")
    if scope is not None and (scope.indirect_crl or scope.only_some_reasons):
        raise ValueError("lists of several issuers, or of some reasons only, are not read")
    return scope


def _is_authority(read: x509.Certificate) -> bool:
    try:
        return read.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.name
    except (x509.ExtensionNotFound, *UNREADABLE):
        return ""
