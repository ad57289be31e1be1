"""How senders are doing: how much each sends, how much of that failed, and who fell silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import Q

from alerts.models import Sender, SenderCount
from alerts.tally import SLOT

HOURS = 24
DAY = timedelta(hours=HOURS)
HOUR = timedelta(hours=1)
# Heard so often in the day before it was last heard, a sender is a regular one.
REGULAR_SLOTS = 12
# It is silent once it has not been heard for so many times its longest pause of that day.
PAUSES = 3
SHORTEST_SILENCE = timedelta(minutes=30)


@dataclass(slots=True)
class SenderFigures:
    """Of one sender: each of the last 24 hours, the newest last, and the last hour by itself."""

    requests: list[int] = field(default_factory=lambda: [0] * HOURS)
    failures: list[int] = field(default_factory=lambda: [0] * HOURS)
    events: int = 0
    rate: int = 0
    # Heard regularly, and then no more.
    silent: bool = False

    @property
    def failed(self) -> int:
        """Failed requests of the last day."""
        return sum(self.failures)


def sender_figures(senders: Sequence[Sender], *, now: datetime) -> Mapping[int, SenderFigures]:
    """The figures of these senders by their ids: one query."""
    figures = {sender.pk: SenderFigures() for sender in senders}
    if not senders:
        return figures
    by_key = {(sender.key_id, sender.format): sender for sender in senders}
    wanted = Q()
    for sender in senders:
        since = min(sender.last_seen_at, now) - DAY - SLOT
        wanted |= Q(key_id=sender.key_id, format=sender.format, slot__gte=since)
    rows = SenderCount.objects.filter(wanted).order_by("slot")
    heard: dict[int, list[datetime]] = {}
    names = ("key_id", "format", "slot", "requests", "failures", "events")
    for key_id, slug, slot, requests, failures, events in rows.values_list(*names):
        sender = by_key[key_id, slug]
        heard.setdefault(sender.pk, []).append(slot)
        found = figures[sender.pk]
        ago = max(timedelta(0), now - slot) // HOUR
        if ago < HOURS:
            found.requests[-1 - ago] += requests
            found.failures[-1 - ago] += failures
            found.events += events
    for sender in senders:
        found = figures[sender.pk]
        found.rate = found.requests[-1]
        found.silent = _is_silent(sender, heard.get(sender.pk, []), now)
    return figures


def _is_silent(sender: Sender, slots: Sequence[datetime], now: datetime) -> bool:
    """By the day before it was last heard; `slots` are those in which it was, in order."""
    if len(slots) < REGULAR_SLOTS:
        return False
    pause = max(after - before for before, after in pairwise(slots))
    return now - sender.last_seen_at > max(PAUSES * pause, SHORTEST_SILENCE)
