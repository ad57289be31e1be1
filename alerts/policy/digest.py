"""When a digest goes out: `every 30m`, or `daily 09:00` in the wall time of a zone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from opsportal.lib.errors import PayloadError
from opsportal.lib.windows import instant_of, zone_of

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=7)
_EVERY = re.compile(r"every\s+(?P<count>[0-9]{1,5})\s*(?P<unit>[mhd])")
_DAILY = re.compile(r"daily\s+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EveryDigest:
    """At the multiples of `interval`, counted from midnight UTC, so that all fall together."""

    interval: timedelta

    def next_at(self, now: datetime) -> datetime:
        """The first time after `now`."""
        return _EPOCH + ((now - _EPOCH) // self.interval + 1) * self.interval


@dataclass(frozen=True, slots=True)
class DailyDigest:
    """Each day when a clock on the wall of `zone` shows `at`."""

    at: time
    zone: ZoneInfo
    interval: timedelta = timedelta(days=1)

    def next_at(self, now: datetime) -> datetime:
        """The first time after `now`."""
        today = now.astimezone(self.zone).date()
        times = (
            instant_of(datetime.combine(today + timedelta(days=days), self.at), self.zone)
            for days in (0, 1, 2)
        )
        return next(at for at in times if at > now)


Digest = EveryDigest | DailyDigest


@lru_cache(maxsize=1024)
def parse_digest(text: str, zone: str = "UTC") -> Digest:
    """The digest of a text; the empty text is none. Raises PayloadError."""
    where = zone_of(zone)
    plain = text.strip().lower()
    if found := _EVERY.fullmatch(plain):
        interval = int(found["count"]) * _UNITS[found["unit"]]
        if not SHORTEST <= interval <= LONGEST:
            raise PayloadError("A digest comes at most every minute and at least every 7 days.")
        return EveryDigest(interval)
    if found := _DAILY.fullmatch(plain):
        hour, minute = int(found["hour"]), int(found["minute"])
        if hour < 24 and minute < 60:
            return DailyDigest(time(hour, minute), where)
        raise PayloadError(f"{text!r} has no time of day; write daily 09:00.")
    raise PayloadError(f"{text!r} is no digest; write every 30m, every 2h or daily 09:00.")
