"""Online certificate status (RFC 6960): the request, and whether the answer can be believed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.trust.answer import SKEW, Answer, RevocationError
from certs.trust.loaded import UNREADABLE, Loaded, load
from certs.trust.signed import is_signed, issuer_of

# An answer that says not until when it stands is believed for so long.
_UNDATED = timedelta(days=7)


def make_request(certificate: Loaded, issuer: Loaded) -> bytes:
    """A request in DER. The certificate is named by SHA-1, as RFC 5019 (2.1.1) has it: nothing
    depends on that hash."""
    builder = ocsp.OCSPRequestBuilder()
    builder = builder.add_certificate(certificate.read, issuer.read, SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)


def read_answer(data: bytes, certificate: Loaded, issuer: Loaded, *, at: datetime) -> Answer:
    """What the response says of the certificate. Raises RevocationError unless it is the issuer's
    or its delegate's, about this certificate, and of now."""
    try:
        read = ocsp.load_der_ocsp_response(data)
        if read.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise RevocationError(f"the responder says {read.response_status.name.lower()}")
        if not _signed_by_one_of(read, issuer, at):
            raise RevocationError("the answer is not signed by whom the issuer lets answer")
        return _answer(read, certificate, issuer, at)
    except UNREADABLE as error:
        raise RevocationError(f"the answer cannot be read: {error}"[:300]) from error


def _signed_by_one_of(read: ocsp.OCSPResponse, issuer: Loaded, at: datetime) -> bool:
    return any(
        is_signed(
            each.public_key(), read.signature, read.tbs_response_bytes,
            read.signature_hash_algorithm,
        )
        for each in _responders(read, issuer, at)
    )  # fmt: skip


def _responders(
    read: ocsp.OCSPResponse, issuer: Loaded, at: datetime
) -> Iterator[x509.Certificate]:
    """The issuer, and those within the answer that it lets answer (4.2.2.2)."""
    yield issuer.read
    for each in read.certificates[:5]:
        loaded = load(each.public_bytes(Encoding.DER))
        if loaded is None or issuer_of(loaded, [issuer]) is None:
            continue
        try:
            usage = each.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            continue
        if ExtendedKeyUsageOID.OCSP_SIGNING in usage and (
            loaded.not_before <= at <= loaded.not_after
        ):
            yield each


def _answer(read: ocsp.OCSPResponse, certificate: Loaded, issuer: Loaded, at: datetime) -> Answer:
    single = next((each for each in read.responses if _is_about(each, certificate, issuer)), None)
    if single is None:
        raise RevocationError("the answer is about another certificate")
    this_update, next_update = single.this_update_utc, single.next_update_utc
    if this_update > at + SKEW:
        raise RevocationError(f"the answer is dated ahead: {this_update:%Y-%m-%d %H:%M} UTC")
    if (next_update or this_update + _UNDATED) < at - SKEW:
        raise RevocationError(f"the answer is old: of {this_update:%Y-%m-%d %H:%M} UTC")
    if single.certificate_status == ocsp.OCSPCertStatus.GOOD:
        return Answer("good", this_update, next_update)
    if single.certificate_status == ocsp.OCSPCertStatus.UNKNOWN:
        return Answer("unknown", this_update, next_update)
    reason = single.revocation_reason
    return Answer("revoked", this_update, next_update, single.revocation_time_utc,
                  reason.name if reason else "")  # fmt: skip


def _is_about(single: ocsp.OCSPSingleResponse, certificate: Loaded, issuer: Loaded) -> bool:
    """By serial, and the hashes of the issuer's name and key, whichever hash it chose."""
    if single.serial_number != certificate.read.serial_number:
        return False
    asked = ocsp.OCSPRequestBuilder().add_certificate(
        certificate.read, issuer.read, single.hash_algorithm
    ).build()  # fmt: skip
    return (
        single.issuer_name_hash == asked.issuer_name_hash
        and single.issuer_key_hash == asked.issuer_key_hash
    )
