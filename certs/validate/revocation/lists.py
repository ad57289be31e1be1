"""Revocation lists are fetched, kept, and fetched anew before they end."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from certs.discover.storable import storable_text
from certs.models import RevocationList
from certs.trust.answer import RevocationError
from certs.trust.crl import RevokedList, open_list
from certs.trust.loaded import Loaded
from opsportal.lib.errors import DeliveryError
from opsportal.lib.http import send_request

MAX_BYTES = 16 * 1024 * 1024
_TIMEOUT = 15.0
DAY = timedelta(days=1)
_FIRST_RETRY = timedelta(minutes=5)
_LAST_RETRY = timedelta(hours=6)


class Lists:
    """The lists of a batch of certificates, each fetched and read at most once.

    `left`: how many may be fetched.
    """

    def __init__(self, urls: Sequence[str], *, left: int, now: datetime) -> None:
        self._rows = {row.url: row for row in RevocationList.objects.filter(url__in=set(urls))}
        self._left, self._now = left, now
        self._open: dict[tuple[str, str], RevokedList] = {}

    def open(self, url: str, issuer: Loaded) -> tuple[RevokedList, datetime]:
        """The list there by this issuer, and when it is fetched next. Raises RevocationError."""
        row = self._rows.get(url) or RevocationList(url=url)
        if (row.fetch_at is None or row.fetch_at <= self._now) and self._left > 0:
            self._left -= 1
            row = self._rows[url] = fetch_list(row, issuer, now=self._now)
        if row.der is None or row.fetch_at is None:
            raise RevocationError(row.error or "the list is not fetched yet")
        key = url, issuer.sha256
        if key not in self._open:
            self._open[key] = open_list(bytes(row.der), issuer, at=self._now)
        return self._open[key], row.fetch_at


def fetch_list(row: RevocationList, issuer: Loaded, *, now: datetime) -> RevocationList:
    """Fetch it; one that cannot be had or believed leaves the one before in place."""
    values: dict[str, object]
    try:
        body = _get(row.url)
        read = open_list(body, issuer, at=now)
        if row.this_update is not None and read.this_update < row.this_update:
            raise RevocationError(f"an older list than before: of {read.this_update:%Y-%m-%d}")
        values = {
            "der": body,
            "issuer_key": sha256(issuer.read.subject.public_bytes()).hexdigest(),
            "this_update": read.this_update,
            "next_update": read.next_update,
            "entries": read.entries,
            "fetched_at": now,
            "fetch_at": _next_fetch(read, now),
            "error": "",
            "failures": 0,
        }
    except (RevocationError, DeliveryError) as error:
        values = {
            "error": storable_text(str(error))[:1000],
            "failures": row.failures + 1,
            "fetch_at": now + back_off(row.failures),
        }
    stored, _ = RevocationList.objects.update_or_create(url=row.url, defaults=values)
    return stored


def back_off(failures: int) -> timedelta:
    """Until the next attempt."""
    return min(_FIRST_RETRY * (1 << min(failures, 10)), _LAST_RETRY)


def _get(url: str) -> bytes:
    answer = send_request("GET", url, timeout=_TIMEOUT, max_bytes=MAX_BYTES)
    if answer.status != 200:
        raise RevocationError(f"{answer.status} instead of a list")
    if answer.truncated:
        raise RevocationError(f"the list is larger than {MAX_BYTES // 1024**2} MB")
    return answer.body


def _next_fetch(read: RevokedList, now: datetime) -> datetime:
    """A tenth of its time before it ends, at least daily; where it has ended, again in an hour."""
    if read.next_update is None:
        return now + DAY
    margin = (read.next_update - read.this_update) / 10
    due = min(read.next_update - margin, now + DAY)
    least = timedelta(hours=1) if read.next_update < now else _FIRST_RETRY
    return max(due, now + least)
