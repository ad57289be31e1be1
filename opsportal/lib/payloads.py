"""Reading the values of a payload: what is wrong with one becomes a complaint about its field."""

import re
from datetime import UTC, datetime
from typing import Any

from opsportal.lib.contracts import check_instant
from opsportal.lib.errors import FieldError

_PLACE = re.compile(r" - at (?:`key` in )?`\$\.?(.*)`$")
_MISSING = re.compile(r"missing required field `(\w+)`")


def complaint_of(text: str) -> FieldError:
    """msgspec's words, with the place as our field."""
    found = _PLACE.search(text)
    if found:
        return FieldError(found[1], text[: found.start()])
    missing = _MISSING.search(text)
    return FieldError(missing[1], "is required") if missing else FieldError("", text)


def read_instant(field: str, given: Any, errors: list[FieldError]) -> datetime | None:
    """An aware time, or seconds since 1970, in UTC; None where there is none, or a complaint."""
    if given is None:
        return None
    try:
        if not isinstance(given, datetime):
            given = datetime.fromtimestamp(given, UTC)
        return check_instant(given)
    except (ValueError, OverflowError, OSError) as error:
        errors.append(FieldError(field, str(error)))
        return None


def check_url(field: str, url: str, errors: list[FieldError]) -> None:
    """Complain of what is no address of the web: it becomes a link on a page."""
    if not url.lower().startswith(("https://", "http://")):
        errors.append(FieldError(field, "must start with https:// or http://"))
