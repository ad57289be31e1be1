"""Ask: a question in words, read with the names this portal knows, and answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from chronos.ask.answer import MOST_EVENTS, Answer, answer_question
from chronos.ask.describe import Shown, show_reading
from chronos.ask.names import KnownNames
from chronos.ask.parse import read_question
from chronos.ask.reading import Reading
from chronos.names import known_names
from chronos.unify import known_aliases
from opsportal.lib.windows import zone_of

_REMEMBERED: list[KnownNames] = []


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, how it was read, and what the answer is."""

    reading: Reading
    zone: ZoneInfo
    shown: Shown
    answer: Answer


def ask_question(text: str, *, now: datetime, tz: str = "", most: int = MOST_EVENTS) -> Asked:
    """Read and answer it, for somebody in that zone. Raises PayloadError, NotFoundError."""
    now = whole_second(now)
    reading, zone = read_here(text, now=now, tz=tz)
    answer = answer_question(reading, now=now, zone=zone, most=most)
    return Asked(reading, zone, show_reading(reading, zone), answer)


def read_here(text: str, *, now: datetime, tz: str = "") -> tuple[Reading, ZoneInfo]:
    """The reading, with this portal's names, and the zone it is shown in. Raises PayloadError."""
    zone = zone_of(tz[:100] or settings.TIME_ZONE)
    reading = read_question(text, now=now, zone=zone, names=recall_names())
    return reading, ZoneInfo(reading.zone)


def whole_second(now: datetime) -> datetime:
    """The second that is not over yet: so that exact times are short, and nothing is left out."""
    return (now + timedelta(microseconds=999_999)).replace(microsecond=0)


def recall_names() -> KnownNames:
    """What this portal knows by name; made anew only when that was recalled anew."""
    names, aliases = known_names(), known_aliases()
    last = _REMEMBERED[0] if _REMEMBERED else None
    if last is None or last.names is not names or last.aliases is not aliases:
        _REMEMBERED[:] = [KnownNames(names, aliases)]
    return _REMEMBERED[0]
