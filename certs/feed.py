"""Expiries as a calendar (RFC 5545), and the addresses that calendar programs ask for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.signing import Signer
from django.utils.crypto import constant_time_compare
from icalendar import Alarm, Calendar, Event

from certs.models import Certificate
from certs.wording import visible
from opsportal.accounts.models import User

MOST_EVENTS = 2000
_FEED = Signer(salt="certs.feed")
Params = Mapping[str, Sequence[str]]


def feed_query(params: Params) -> str:
    """The filters of a feed in one spelling."""
    return urlencode(sorted((n, text) for n, texts in params.items() for text in texts if text))


def feed_token(user: User, query: str) -> str:
    """What a calendar program shows instead of a key: for this person and these filters only.

    It ends with the person's password and role.
    """
    return _FEED.signature(f"{user.pk}.{user.get_session_auth_hash()}.{query}")


def feed_token_fits(user: User, query: str, token: str) -> bool:
    """Whether the token is of this person and these filters."""
    return constant_time_compare(token, feed_token(user, query))


def write_calendar(rows: Iterable[Certificate], *, all_day: bool, alarm: timedelta | None) -> bytes:
    """An event at the end of each certificate; the same certificates make the same text."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "opsportal"
    calendar = Calendar()
    calendar.add("prodid", "-//opsportal//certificates//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Certificates that expire")
    calendar.add("refresh-interval", timedelta(hours=6), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT6H")
    for row in rows:
        calendar.add_component(_event(row, host, all_day, alarm))
    text: bytes = calendar.to_ical()
    return text


def _event(row: Certificate, host: str, all_day: bool, alarm: timedelta | None) -> Event:
    event = Event()
    ends = row.not_after.astimezone(UTC)
    event.add("uid", f"certificate-{row.sha256}@{host}")
    # When it was written down: what it says has not changed since.
    event.add("dtstamp", row.first_seen_at.astimezone(UTC))
    start: Any = ends
    if all_day:
        start = date(ends.year, ends.month, ends.day)
    event.add("dtstart", start)
    event.add("summary", f"{visible(row)} expires")
    event.add("description", "\n".join(_described(row)))
    event.add("url", settings.PUBLIC_URL + row.get_absolute_url())
    event.add("transp", "TRANSPARENT")
    if alarm is not None:
        bell = Alarm()
        bell.add("action", "DISPLAY")
        bell.add("description", f"{visible(row)} expires")
        bell.add("trigger", -alarm)
        event.add_component(bell)
    return event


def _described(row: Certificate) -> Iterable[str]:
    yield f"Issued by {visible(row.issuer_title) or 'nobody named'}"
    yield f"Until {row.not_after:%Y-%m-%d %H:%M} UTC"
    yield f"Owner: {row.team.name if row.team else 'nobody'}"
    yield f"SHA-256: {row.sha256}"
