"""Act: hand notifications to their channels, at least once, and keep the answers."""

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Min

from alerts.channels import ChannelKind, Message, PartlyDeliveredError, hide_secrets
from alerts.compose import compose_message
from alerts.models import Channel, DeliveryAttempt, Notification
from opsportal.lib.errors import DeliveryError
from opsportal.lib.outbox import OutboxRow, bury, finish, postpone, retry_later
from opsportal.lib.registry import plugin

log = logging.getLogger(__name__)

# With less of the lease left than a send may take, another worker could send it as well.
SEND_TIMEOUT = timedelta(seconds=60)
# How long a later message waits for an earlier one of its episode.
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(seconds=30)
UNFINISHED = (OutboxRow.State.DUE, OutboxRow.State.CLAIMED)
Place = tuple[int, int]  # alert, channel


@dataclass(frozen=True, slots=True)
class _History:
    """What went before: per episode and channel, and per notification."""

    first: Mapping[Place, Notification]
    waiting: Mapping[Place, Sequence[Notification]]
    attempts: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A send under way or done; `seconds` are filled in by the thread that sends."""

    row: Notification
    started_at: datetime
    future: Future[tuple[str, float]]


class _Timed(Exception):
    """Carries how long a failing send took."""


def deliver_notifications(notifications: Sequence[Notification], *, now: datetime) -> None:
    """Send each that may be sent now; every attempt and what comes of it is written at once.

    Sends run side by side, so that a channel that hangs holds up nobody else.
    """
    began = time.monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - began)

    rows = _load(notifications)
    history = _history_of(rows)
    ready = [row for row in rows if _may_be_sent(row, history, clock())]
    if not ready:
        return
    with ThreadPoolExecutor(max_workers=len(ready), thread_name_prefix="deliver") as pool:
        under_way = [
            (row, clock(), pool.submit(_send, row, history.first[row.alert_id, row.channel_id]))
            for row in ready
        ]
        for row, started_at, future in under_way:
            _settle(row, started_at, future, history, clock)
