"""Ingest: whether a request is from whom its key says, where its sender signs."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

from alerts.models import SigningSecret
from opsportal.accounts.models import ApiKey
from opsportal.lib.contracts import Received
from opsportal.lib.errors import ForbiddenError
from opsportal.lib.times import EARLIEST

# A secret that is set acts on other processes after so long; one that is changed or removed acts
# at once, since it is asked again before anything is refused.
RECALLED_FOR = timedelta(minutes=1)
# What a signed timestamp may be off: requests cannot be repeated later by who has seen one.
FRESH_FOR = timedelta(minutes=5)
_MOST_RECALLED = 10_000
# Prefix of the key -> when it was asked, and what must be so.
_recalled: dict[str, tuple[datetime, SigningSecret | None]] = {}


def verify_signature(
    key: ApiKey, received: Received, header: Callable[[str], str], *, contract_header: str = ""
) -> None:
    """Let pass what is signed as its key asks; `header` gives one by WSGI's name for it.

    Where the contract has a header of its own, the body alone is signed, and in that one. Raises
    ForbiddenError. A key without a signing secret asks for nothing.
    """
    asked_at, signing = _recalled.get(key.prefix, (EARLIEST, None))
    recalled = timedelta(0) <= received.now - asked_at < RECALLED_FOR
    if recalled and (signing is None or not _complaint(signing, received, header, contract_header)):
        return
    signing = SigningSecret.objects.filter(key=key).first()
    if len(_recalled) >= _MOST_RECALLED:
        _recalled.clear()
    _recalled[key.prefix] = (received.now, signing)
    if signing is None:
        return
    if complaint := _complaint(signing, received, header, contract_header):
        raise ForbiddenError(complaint)


def forget_signature(key: ApiKey) -> None:
    """Ask again at once what the key asks for."""
    _recalled.pop(key.prefix, None)


def _complaint(
    signing: SigningSecret, received: Received, header: Callable[[str], str], contract_header: str
) -> str:
    """What is wrong with the signature; empty: nothing."""
    name = contract_header or signing.header
    given = header(_variable(name)).removeprefix("sha256=").lower()
    if not given:
        return f"Requests with this key must be signed; {name} is missing."
    hashed = hmac.new(signing.secret.encode(), digestmod=sha256)
    if signing.timestamp_header and not contract_header:
        seconds = header(_variable(signing.timestamp_header))
        if not _is_fresh(seconds, received.now):
            minutes = int(FRESH_FOR.total_seconds() // 60)
            return f"{signing.timestamp_header} is not within {minutes} minutes of now."
        hashed.update(f"{seconds}:".encode())
    hashed.update(received.body)
    if not hmac.compare_digest(hashed.hexdigest().encode(), given.encode()):
        return f"{name} does not fit the body."
    return ""


def _variable(header: str) -> str:
    """WSGI's name (PEP 3333)."""
    return f"HTTP_{header.upper().replace('-', '_')}"


def _is_fresh(seconds: str, now: datetime) -> bool:
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 12):
        return False
    return abs(now.timestamp() - int(seconds)) <= FRESH_FOR.total_seconds()
