"""Instants and durations as text. Every instant inside the portal is aware and in UTC."""

from datetime import UTC, datetime, timedelta

# Outside these years arithmetic overflows or databases disagree; no alert is from there.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """This instant. Entry points call it once and hand it on as `now`."""
    return datetime.now(UTC)


def format_instant(instant: datetime) -> str:
    """RFC 3339 with microseconds and `Z`."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def format_duration(duration: timedelta) -> str:
    """The two largest units: `3d 4h`, `12m 5s`, `0s`."""
    seconds = max(0, int(duration.total_seconds()))
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
