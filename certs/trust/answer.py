"""What an issuer says of a certificate."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Clocks differ; what is dated further ahead is not believed.
SKEW = timedelta(minutes=5)


class RevocationError(Exception):
    """A list or an answer that cannot be believed; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`status`: "good", "revoked", or "unknown" where the issuer does not know it.

    `next_update`: until when it stands; None where the issuer does not say.
    """

    status: str
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None = None
    # Of RFC 5280, 5.3.1, such as "key_compromise".
    reason: str = ""
