"""Store: what each sender sends, counted in memory and written every few seconds.

What a killed process had not written is missing in the counts; the alerts themselves are not here.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection, transaction
from django.db.models import F

from alerts.models import Sender, SenderCount

logger = logging.getLogger(__name__)
_SLOT_MINUTES = 10
SLOT = timedelta(minutes=_SLOT_MINUTES)
# Counts that wait for a database that is away; of further senders and slots none are.
_MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class Use:
    """One request at a door."""

    key_id: int
    format: str
    at: datetime
    events: int = 0
    error: str = ""
    address: str | None = None
    agent: str = ""


@dataclass(slots=True)
class _Sum:
    """Of one sender in one slot."""

    last: Use
    requests: int = 0
    events: int = 0
    failures: int = 0
    last_failure: Use | None = None


# Key, format, slot.
_Place: TypeAlias = tuple[int, str, datetime]


class Tally:
    """Counts of this process that are not written yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[_Place, _Sum] = {}
        self._timer: threading.Timer | None = None

    def note(self, use: Use) -> None:
        """Count one request; written within settings.TALLY_EVERY, or at once where that is 0."""
        at = use.at
        slot = at.replace(minute=at.minute - at.minute % _SLOT_MINUTES, second=0, microsecond=0)
        place = use.key_id, use.format, slot
        every = settings.TALLY_EVERY.total_seconds()
        with self._lock:
            found = self._sums.get(place)
            if found is None:
                found = self._sums[place] = _Sum(use)
            found.last = use
            found.requests += 1
            found.events += use.events
            if use.error:
                found.failures += 1
                found.last_failure = use
            if every and self._timer is None:
                self._timer = threading.Timer(every, self._write_later)
                self._timer.daemon = True
                self._timer.start()
        if not every:
            self.write()

    def write(self) -> None:
        """Write what was counted. What a database that is away cannot take waits for it."""
        with self._lock:
            sums, self._sums = self._sums, {}
        try:
            with transaction.atomic():
                for place in sorted(sums):
                    _write(*place, sums[place])
        except (OperationalError, InterfaceError) as away:
            logger.warning("senders not counted yet error=%s", type(away).__name__)
            self._put_back(sums)
        except Error as refused:
            logger.warning("senders not counted error=%s", type(refused).__name__)

    def _put_back(self, sums: dict[_Place, _Sum]) -> None:
        """With what was counted meanwhile, as much as memory is for."""
        with self._lock:
            for place, earlier in sums.items():
                if later := self._sums.get(place):
                    later.requests += earlier.requests
                    later.events += earlier.events
                    later.failures += earlier.failures
                    later.last_failure = later.last_failure or earlier.last_failure
                elif len(self._sums) < _MOST_WAITING:
                    self._sums[place] = earlier

    def _write_later(self) -> None:
        with self._lock:
            self._timer = None
        self.write()
        connection.close()


tally = Tally()


def _write(key_id: int, format_slug: str, slot: datetime, found: _Sum) -> None:
    last, failure = found.last, found.last_failure
    changes = {"last_seen_at": last.at, "address": last.address, "agent": last.agent[:200]}
    if failure is not None:
        changes |= {"last_failed_at": failure.at, "last_error": failure.error[:500]}
    mine = {"key_id": key_id, "format": format_slug}
    if not Sender.objects.filter(**mine).update(**changes):
        new = Sender(**mine, first_seen_at=last.at, **changes)
        Sender.objects.bulk_create([new], ignore_conflicts=True)
    counts = {name: getattr(found, name) for name in ("requests", "events", "failures")}
    added = {name: F(name) + number for name, number in counts.items()}
    if SenderCount.objects.filter(**mine, slot=slot).update(**added):
        return
    row = SenderCount(**mine, slot=slot)
    SenderCount.objects.bulk_create([row], ignore_conflicts=True)
    SenderCount.objects.filter(**mine, slot=slot).update(**added)
