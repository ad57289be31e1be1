"""The certificates that SNS signs with: fetched, traced to a trusted root, remembered.

What SNS serves is the end of the chain alone, so its issuer is fetched from where the certificate
says (Authority Information Access, RFC 5280 §4.2.2.1); it counts only once the chain that it
belongs to ends at a root that the portal's HTTPS client trusts.
"""

import logging
import re
import threading
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import AuthorityInformationAccessOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from django.conf import settings

from opsportal.lib.errors import DeliveryError, ForbiddenError, OpsError, UnavailableError
from opsportal.lib.http import Answer, send_request, trusted_roots

logger = logging.getLogger(__name__)
# Seconds; in a request of SNS, which waits fifteen.
TIMEOUT = 4.0
MOST_BYTES = 32_768
MOST_ISSUERS = 2
# How long one that failed is not asked for again: whoever waits for it holds a thread.
FAILED_FOR = timedelta(seconds=20)
MOST_REMEMBERED = 32
_MALFORMED = (
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What came of a URL: a certificate, whose URL will not have another, or an error."""

    at: datetime
    certificate: x509.Certificate | None = None
    error: OpsError | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it need not be asked again."""
        return self.error is None or timedelta(0) <= now - self.at < FAILED_FOR


_seen: dict[str, _Seen] = {}
_lock = threading.Lock()


def signing_key(url: str, now: datetime) -> RSAPublicKey:
    """The key of the certificate at this URL of SNS.

    Raises ForbiddenError when it is not SNS's own, UnavailableError when that cannot be found out.
    """
    certificate = _remembered(url, now) or _ask(url, now)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise ForbiddenError("The signing certificate is not valid at this time.")
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise ForbiddenError("The signing certificate has no RSA key.")
    return key


def _remembered(url: str, now: datetime) -> x509.Certificate | None:
    """What is known of it; None when it has to be asked for. Raises what it came to lately."""
    seen = _seen.get(url)
    if seen is None or not seen.holds(now):
        return None
    if seen.error is not None:
        raise seen.error
    return seen.certificate


def _ask(url: str, now: datetime) -> x509.Certificate:
    """Ask for it, one at a time: the others wait, though not for long, for what it hears."""
    if not _lock.acquire(timeout=TIMEOUT):
        raise UnavailableError("Another certificate is being fetched.")
    try:
        if known := _remembered(url, now):
            return known
        while len(_seen) >= MOST_REMEMBERED:
            del _seen[next(iter(_seen))]
        try:
            certificate = _trusted(_fetch(url), now)
        except (ForbiddenError, UnavailableError) as error:
            logger.warning("signing certificate of SNS: %s", error.message)
            _seen[url] = _Seen(now, error=error)
            raise
        _seen[url] = _Seen(now, certificate)
        return certificate
    finally:
        _lock.release()


def forget_certificates() -> None:
    """Ask again for each."""
    with _lock:
        _seen.clear()


def _fetch(url: str) -> list[x509.Certificate]:
    """The certificates at this address, of which there is at least one."""
    try:
        answer = send_request("GET", url, timeout=TIMEOUT, max_bytes=MOST_BYTES)
    except DeliveryError as error:
        if error.permanent:
            raise ForbiddenError(f"A certificate cannot be fetched: {error.message}") from error
        raise UnavailableError(f"A certificate cannot be fetched now: {error.message}") from error
    if answer.status == 429 or answer.status >= 500:
        raise UnavailableError(f"A certificate cannot be fetched now: answered {answer.status}.")
    if answer.status != 200 or answer.truncated:
        raise ForbiddenError(f"There is no certificate: answered {answer.status}.")
    return _certificates(answer)


def _certificates(answer: Answer) -> list[x509.Certificate]:
    """In PEM, as SNS serves them, or one in DER, as issuers do."""
    try:
        if b"-----BEGIN" in answer.body:
            return x509.load_pem_x509_certificates(answer.body)
        return [x509.load_der_x509_certificate(answer.body)]
    except ValueError as error:
        raise ForbiddenError("What was fetched is not a certificate.") from error


def _trusted(chain: list[x509.Certificate], now: datetime) -> x509.Certificate:
    """The first of them, once it is SNS's and its chain ends at a trusted root."""
    certificate, *issuers = chain
    policy = PolicyBuilder().store(_roots()).time(now)
    verifier = policy.build_server_verifier(x509.DNSName(_sns_name(certificate)))
    last = chain[-1]
    while True:
        try:
            verifier.verify(certificate, issuers)
        except VerificationError as error:
            missing = _issuer_url(last) if len(issuers) < MOST_ISSUERS else ""
            if not missing:
                raise ForbiddenError(
                    f"The signing certificate leads to no trusted root: {error}"
                ) from error
        else:
            return certificate
        last = _fetch(missing)[0]
        issuers.append(last)


def _roots() -> Store:
    with warnings.catch_warnings():
        # Old roots have numbers that are not allowed any longer.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        roots = [x509.load_der_x509_certificate(root) for root in trusted_roots()]
    if not roots:
        raise UnavailableError("This machine trusts no certificates; name some in SSL_CERT_FILE.")
    return Store(roots)


def _sns_name(certificate: x509.Certificate) -> str:
    """The name of SNS that it is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = names.get_values_for_type(x509.DNSName)
    except _MALFORMED:
        found = []
    for name in found:
        if re.fullmatch(settings.SNS_SIGNERS, name):
            return name
    raise ForbiddenError("The signing certificate is not for SNS.")


def _issuer_url(certificate: x509.Certificate) -> str:
    """Where its issuer's certificate can be had; empty when it does not say."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except _MALFORMED:
        return ""
    for description in access.value:
        place = description.access_location
        if description.access_method == AuthorityInformationAccessOID.CA_ISSUERS and isinstance(
            place, x509.UniformResourceIdentifier
        ):
            return place.value
    return ""
