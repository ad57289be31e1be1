"""The one error family. Each message says what was wrong, where, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from django.db import InterfaceError, OperationalError

CHALLENGE = 'Bearer realm="opsportal"'
# After an outage of the database.
RETRY_AFTER_SECONDS = 5


@dataclass(frozen=True, slots=True)
class FieldError:
    """One complaint about one field of the input; `field` is a dotted path, "" for the whole."""

    field: str
    message: str


class OpsError(Exception):
    """Base of all errors that a caller can do something about."""

    code = "error"
    status = 500

    def __init__(self, message: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.errors = tuple(errors)

    @property
    def headers(self) -> dict[str, str]:
        """What a client needs beside the body of the answer."""
        return {}

    def as_json(self) -> dict[str, object]:
        """The API's one error shape."""
        errors = [{"field": e.field, "message": e.message} for e in self.errors]
        return {"code": self.code, "message": self.message, "errors": errors}


class PayloadError(OpsError):
    """What was sent cannot be understood or is out of bounds."""

    code = "invalid"
    status = 400


class TooLargeError(PayloadError):
    """The body is larger than the portal takes."""

    code = "too_large"
    status = 413


class UnsupportedMediaError(PayloadError):
    """The body is of a kind that nothing here reads."""

    code = "unsupported_media_type"
    status = 415


class NotAuthenticatedError(OpsError):
    """No key, or one that is not (any longer) valid."""

    code = "not_authenticated"
    status = 401

    @property
    def headers(self) -> dict[str, str]:
        """How to authenticate."""
        return {"WWW-Authenticate": CHALLENGE}


class RefusedKeyError(NotAuthenticatedError):
    """A key was given, and it is not known here, was revoked or has expired."""


class ForbiddenError(OpsError):
    """The key or person is known but may not do this."""

    code = "forbidden"
    status = 403


class NotFoundError(OpsError):
    """There is no such thing."""

    code = "not_found"
    status = 404


class ConflictError(OpsError):
    """The thing is already in the state asked for, or changed meanwhile."""

    code = "conflict"
    status = 409


class RateLimitedError(OpsError):
    """A key has spent its allowance; `retry_after` is in seconds."""

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """When there is a new allowance."""
        return {"Retry-After": str(self.retry_after)}


class UnavailableError(OpsError):
    """The database cannot be reached now; the same request may succeed later."""

    code = "unavailable"
    status = 503

    def __init__(self, message: str = "The database cannot be reached at the moment.") -> None:
        super().__init__(message)

    @classmethod
    def because_of(cls, error: BaseException) -> Self:
        """Of a database that is away; or of a statement that it ended, since it took too long."""
        if any(words in str(error) for words in ("statement timeout", "interrupted")):
            return cls("This took too long and was ended: ask for less, such as a shorter time.")
        return cls()

    @property
    def headers(self) -> dict[str, str]:
        """When another try may help."""
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}


class CollectError(OpsError):
    """A system we observe answered with an error. Never means "it is gone"."""

    code = "collect_failed"
    status = 502


class DeliveryError(OpsError):
    """A message could not be handed over. `permanent` errors are not worth a retry."""

    code = "delivery_failed"
    status = 502

    def __init__(
        self, message: str, *, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


def is_unavailable(error: BaseException | None) -> bool:
    """Whether the error means that the database cannot be reached or used at the moment."""
    return isinstance(error, OperationalError | InterfaceError)
