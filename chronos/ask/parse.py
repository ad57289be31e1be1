"""From a question in words to its reading. Nothing here asks the database or looks at a clock."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from chronos.ask.clock import Clock
from chronos.ask.cursor import Cursor
from chronos.ask.finish import finish_reading
from chronos.ask.found import Found
from chronos.ask.names import KnownNames
from chronos.ask.phrases import Phrases
from chronos.ask.reading import Reading
from chronos.ask.times import Times
from chronos.ask.tokens import Sort, Token, split_question
from opsportal.lib.errors import PayloadError
from opsportal.lib.windows import zone_of

_AREAS = ("africa", "america", "antarctica", "asia", "atlantic", "australia", "europe", "pacific")


def read_question(text: str, *, now: datetime, zone: ZoneInfo, names: KnownNames) -> Reading:
    """What the question asks, at `now` for somebody in that zone. Raises PayloadError."""
    tokens, zone = _take_zone(split_question(text), zone)
    cursor = Cursor(text, tokens)
    times = Times(cursor, Clock(now, zone), names)
    found = Found(text, names)
    phrases = Phrases(cursor, times, found)
    while not cursor.ended:
        phrases.step()
    return finish_reading(found, times, zone)


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    names = {name.lower(): name for name in available_timezones() if "/" in name}
    return names | {"utc": "UTC", "gmt": "UTC"}


def _take_zone(tokens: tuple[Token, ...], zone: ZoneInfo) -> tuple[tuple[Token, ...], ZoneInfo]:
    """The zone that the question names, which is meant for all of it, and the other words."""
    found: dict[str, None] = {}
    rest = []
    for token in tokens:
        name = _zones().get(token.lower)
        if name:
            found[name] = None
            continue
        if (
            token.sort is Sort.WORD
            and token.lower.partition("/")[0] in _AREAS
            and "/" in token.lower
        ):
            zone_of(token.text[:60])
        rest.append(token)
    if len(found) > 1:
        raise PayloadError(f"two time zones: {' and '.join(found)}; leave one out")
    return tuple(rest), zone_of(next(iter(found))) if found else zone
