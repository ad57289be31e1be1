"""What an HTTP answer means for a delivery."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from opsportal.lib.errors import DeliveryError
from opsportal.lib.http import Answer
from opsportal.lib.times import utc_now

# Worth another try although below 500: time-out, too early, too many.
TEMPORARY = frozenset({408, 425, 429})
LONGEST_WAIT = 3600.0


def answer_text(answer: Answer) -> str:
    """`202 {"status": ...}`, cut."""
    body = answer.body.decode(errors="replace").strip()
    return f"{answer.status} {body}".strip()[:2000]


def require_success(answer: Answer) -> str:
    """The answer's text. Raises DeliveryError, permanent or not, unless it is a 2xx."""
    text = answer_text(answer)
    if 200 <= answer.status < 300:
        return text
    if answer.status in TEMPORARY or answer.status >= 500:
        raise DeliveryError(text, retry_after=retry_after(answer.headers))
    if 300 <= answer.status < 400:
        text = f"{text} (redirects are not followed: set the final address)"
    raise DeliveryError(text, permanent=True)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the other side asks us to wait, if it says so; an hour at most."""
    text = next((v for name, v in headers.items() if name.lower() == "retry-after"), "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - utc_now()).total_seconds(), 0.0), LONGEST_WAIT)
