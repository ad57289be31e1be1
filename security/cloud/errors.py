"""What an error of AWS means: denied, throttled, a region that is off, or gone for certain.

Sources: "Common errors" of each service's API reference, "Error codes for the Amazon EC2 API",
"Request throttling for the Amazon EC2 API". An error that is not known is a failure, and never an
empty answer.
"""

from collections.abc import Collection
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from security.models.scope import Outcome

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
_OFF = frozenset({"OptInRequired", "RegionDisabledException", "InvalidRegion"})


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


def trouble_of(error: Exception) -> Trouble:
    """What an error of botocore means; one that means nothing known is a failure."""
    if isinstance(error, ClientError):
        return _answered(error)
    if isinstance(error, BotoCoreError):
        return Trouble(Outcome.FAILED, type(error).__name__, str(error)[:1000])
    return Trouble(Outcome.FAILED, type(error).__name__, str(error)[:1000])


def _answered(error: ClientError) -> Trouble:
    answer = error.response.get("Error", {})
    about = error.response.get("ResponseMetadata", {})
    code, status = str(answer.get("Code") or ""), int(about.get("HTTPStatusCode") or 0)
    outcome = Outcome.FAILED
    if code in _OFF:
        outcome = Outcome.REGION_DISABLED
    elif code in _THROTTLED or status == 429:
        outcome = Outcome.THROTTLED
    elif code in _DENIED or status in (401, 403):
        outcome = Outcome.DENIED
    message = str(answer.get("Message") or error)[:1000]
    request_id = str(about.get("RequestId") or "")[:100]
    return Trouble(
        outcome, code[:100] or str(status), message, request_id, error.operation_name or ""
    )


def says_gone(error: ClientError, codes: Collection[str]) -> bool:
    """Whether it is one of the codes documented for "there is none"."""
    return str(error.response.get("Error", {}).get("Code") or "") in codes
