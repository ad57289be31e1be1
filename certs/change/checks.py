"""What policies and ownership rules have in common."""

from typing import Any

from certs.models import CertificatePolicy, OwnershipRule
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import MatcherError, parse_matchers


def wrong(field: str, message: str) -> PayloadError:
    """It is refused."""
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])


def check_texts(row: CertificatePolicy | OwnershipRule, *fields: str) -> None:
    """Trims; no NUL, matchers that can be read. Raises PayloadError."""
    for field in ("name", "match", *fields):
        value: Any = getattr(row, field)
        if not isinstance(value, str) or "\0" in value:
            raise wrong(field, "must be text without NUL")
        setattr(row, field, value.strip())
    try:
        parse_matchers(row.match)
    except MatcherError as error:
        raise wrong("match", error.message) from error
