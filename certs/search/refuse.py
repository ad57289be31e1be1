"""What cannot be meant is said by its parameter."""

from collections.abc import Mapping, Sequence

from opsportal.lib.errors import FieldError, PayloadError

LONGEST, MOST = 1000, 50
Params = Mapping[str, Sequence[str]]


def refused(field: str, message: str) -> PayloadError:
    """The error, to be raised."""
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])


def check_sizes(params: Params) -> None:
    """Raises PayloadError for what no database is asked."""
    for name, texts in params.items():
        if len(texts) > MOST or any(len(text) > LONGEST for text in texts):
            raise refused(name, f"at most {MOST} values of {LONGEST} characters")
        if any("\0" in text or any("\ud800" <= c <= "\udfff" for c in text) for text in texts):
            raise refused(name, "a character in it can be stored nowhere; leave it out")


def text_of(params: Params, name: str) -> str:
    """The last value of a parameter, or nothing."""
    return (params.get(name) or [""])[-1].strip()
