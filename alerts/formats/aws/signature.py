"""Whether a message is from SNS: where it points, when it was sent, who signed it.

Source: "Verifying the signatures of Amazon SNS messages" in the SNS developer guide.
"""

import binascii
import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from django.conf import settings

from alerts.formats.aws.certificates import signing_key
from alerts.formats.aws.envelope import Envelope, string_to_sign
from opsportal.lib.errors import ForbiddenError

# A message is older only when somebody sends it again: SNS itself tries for an hour at most.
OLDEST = timedelta(hours=1)
# SHA-1 is what topics sign with unless their SignatureVersion is set to 2.
_HASHES = {"1": SHA1, "2": SHA256}


def check_envelope(envelope: Envelope, now: datetime) -> None:
    """Raise ForbiddenError unless SNS has signed it lately.

    Asks others only once all that can be told without them is right. Raises UnavailableError when
    they do not answer.
    """
    url = check_sns_url(envelope.signing_cert_url, "SigningCertURL")
    if not url.path.endswith(".pem") or url.query:
        raise ForbiddenError("The SigningCertURL names no certificate of SNS.")
    _check_age(envelope.timestamp, now)
    if envelope.signature_version not in _HASHES:
        raise ForbiddenError("The SignatureVersion is neither 1 nor 2.")
    try:
        signature = b64decode(envelope.signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ForbiddenError("The Signature is not Base64.") from error
    key = signing_key(envelope.signing_cert_url, now)
    algorithm = _HASHES[envelope.signature_version]()
    try:
        key.verify(signature, string_to_sign(envelope), PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise ForbiddenError("The signature is wrong: SNS has not sent this message.") from error


def check_sns_url(text: str, name: str) -> SplitResult:
    """The parts of a URL at SNS. Raises ForbiddenError for any other; it may hold a secret."""
    try:
        url = urlsplit(text)
    except ValueError as error:
        raise ForbiddenError(f"The {name} is not a URL.") from error
    if url.scheme != "https" or not re.fullmatch(settings.SNS_HOSTS, url.netloc):
        raise ForbiddenError(f"The {name} does not lead to SNS.")
    return url


def _check_age(timestamp: str, now: datetime) -> None:
    try:
        sent = datetime.fromisoformat(timestamp)
    except ValueError as error:
        raise ForbiddenError("The Timestamp is not a time.") from error
    sent = sent if sent.tzinfo else sent.replace(tzinfo=UTC)
    if abs(now - sent) > OLDEST:
        raise ForbiddenError(
            "The Timestamp is more than an hour away: an old message, or a clock that is wrong."
        )
