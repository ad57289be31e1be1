"""What an error of AWS means: denied, throttled, a region that is off, or gone for certain.

Sources: "Common errors" of each service's API reference, "Error codes for the Amazon EC2 API",
"Request throttling for the Amazon EC2 API". An error that is not known is a failure, and never an
empty answer.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)
from django.db.models import TextChoices
from msgspec import Struct

from opsportal.lib.fields import clean


class Outcome(TextChoices):
    """How a reading ended. Only a complete one may say that something is not there."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    DENIED = "denied"
    THROTTLED = "throttled"
    REGION_DISABLED = "region_disabled", "region disabled"
    FAILED = "failed"


_DENIED = frozenset(
    {
        "AccessDenied", "AccessDeniedException", "AuthFailure", "AuthorizationError",
        "AuthorizationErrorException", "ExpiredToken", "ExpiredTokenException",
        "InvalidClientTokenId", "KMSAccessDeniedException", "MissingAuthenticationToken",
        "NotAuthorized", "UnauthorizedAccess", "UnauthorizedOperation",
        "UnrecognizedClientException", "SignatureDoesNotMatch", "AllAccessDisabled",
    }
)  # fmt: skip
_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException",
        "PriorRequestNotComplete", "ProvisionedThroughputExceededException",
        "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown",
        "ThrottledException", "Throttling", "ThrottlingException", "TooManyRequestsException",
        "TransactionInProgressException",
    }
)  # fmt: skip
_CREDENTIALS = frozenset(
    {
        "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId",
        "UnrecognizedClientException", "AuthFailure",
    }
)  # fmt: skip
_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
_OFF = frozenset({"OptInRequired", "RegionDisabledException", "InvalidRegion"})


_TITLE = re.compile(r"<title>([^<]{1,200})</title>", re.IGNORECASE)


class Unknown(Struct, frozen=True):
    """In place of a facet that could not be read: why, and which permission may be missing."""

    code: str
    message: str = ""
    action: str = ""  # such as "s3:GetBucketPolicy"


class Gone(Exception):  # noqa: N818 - an answer, not a failure
    """AWS says, by the code documented for it, that the resource is not there."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something could not be read."""

    outcome: Outcome
    code: str
    message: str
    request_id: str = ""
    operation: str = ""  # such as "GetBucketPolicy"

    @classmethod
    def failed(cls, code: str, message: str = "") -> "Trouble":
        """One that means nothing known."""
        return cls(Outcome.FAILED, clean(code)[:100], clean(message)[:1000])

    @property
    def is_of_credentials(self) -> bool:
        """Whether the credentials themselves were refused, so that new ones may help."""
        return self.code in _CREDENTIALS

    @property
    def may_pass(self) -> bool:
        """Whether asking again soon may help."""
        return self.outcome in (Outcome.THROTTLED, Outcome.FAILED)


def trouble_of(error: Exception) -> Trouble:
    """What an error of botocore means; one that means nothing known is a failure."""
    if isinstance(error, ClientError):
        return _answered(error)
    # botocore's parsers end theirs with the whole of the page that came in place of an answer.
    said, page, _ = str(error).partition("Further retries may succeed:")
    title = _TITLE.search(str(error)) if page else None
    words = f"{said.strip()} It was a page: {title[1]}" if title else str(error)
    found = Trouble.failed(type(error).__name__, words)
    if isinstance(error, _NO_CREDENTIALS):
        return replace(found, outcome=Outcome.DENIED)
    return found


def outcome_of(code: str) -> Outcome:
    """What one of AWS's error codes means."""
    if code in _OFF:
        return Outcome.REGION_DISABLED
    if code in _THROTTLED:
        return Outcome.THROTTLED
    # The status of an answer without a code, see `_answered`.
    return Outcome.DENIED if code in _DENIED or code in ("401", "403") else Outcome.FAILED


def _answered(error: ClientError) -> Trouble:
    answer = error.response.get("Error", {})
    about = error.response.get("ResponseMetadata", {})
    code, status = str(answer.get("Code") or ""), int(about.get("HTTPStatusCode") or 0)
    outcome = outcome_of(code)
    if outcome == Outcome.FAILED and status == 429:
        outcome = Outcome.THROTTLED
    elif outcome == Outcome.FAILED and status in (401, 403):
        outcome = Outcome.DENIED
    message = clean(str(answer.get("Message") or error))[:1000]
    request_id = clean(str(about.get("RequestId") or ""))[:100]
    return Trouble(
        outcome, clean(code)[:100] or str(status), message, request_id, error.operation_name or ""
    )


def says_gone(error: ClientError, codes: Collection[str]) -> bool:
    """Whether it is one of the codes documented for "there is none"."""
    return str(error.response.get("Error", {}).get("Code") or "") in codes
