"""Durations as people write them: 90s, 5m, 1h30m, 12h, 3d, 1w."""

import re
from datetime import timedelta

from opsportal.lib.errors import PayloadError

UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_LONGEST = timedelta(days=3653)
_PIECE = re.compile(r"(\d{1,6})\s*([wdhms])", re.ASCII)
_WHOLE = re.compile(r"(?:\d{1,6}\s*[wdhms]\s*)+", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """The duration that is meant. Raises PayloadError."""
    given = text.strip().lower()
    if given == "0":
        return timedelta(0)
    if not _WHOLE.fullmatch(given):
        raise PayloadError(f"{text[:60]!r} is no duration; write 30s, 5m, 1h30m, 12h, 3d or 1w")
    found = sum((int(number) * UNITS[unit] for number, unit in _PIECE.findall(given)), timedelta(0))
    if found > _LONGEST:
        raise PayloadError(f"{text[:60]!r} is longer than ten years")
    return found


def write_duration(duration: timedelta) -> str:
    """As `parse_duration` reads it, to the second; a week only where it is whole weeks."""
    seconds = int(duration.total_seconds())
    parts = []
    for unit, size in UNITS.items():
        whole = int(size.total_seconds())
        if unit == "w" and seconds % whole:
            continue
        count, seconds = divmod(seconds, whole)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
