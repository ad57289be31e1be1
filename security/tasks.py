"""What the workers run: collections; and the periodic jobs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from opsportal.lib.outbox import Outbox
from opsportal.lib.times import utc_now
from security.collect import run_collection
from security.models import Collection
from security.prune import prune_askings, prune_errors
from security.watch import watch_collections


class CollectionOutbox(Outbox):
    """Scopes that wait to be asked."""

    slug = "security.collections"
    model = Collection
    # Far more than a large account takes; a scope that is asked twice stores nothing twice.
    lease = timedelta(minutes=20)
    max_attempts = 5
    batch = 1
    order = ("rank", "due_at")
    related = ("scope__account",)
    threads = 4

    def perform(self, rows: Sequence[Collection], now: datetime) -> None:
        """One at a time: each is a conversation with the other side."""
        for row in rows:
            run_collection(row, clock=utc_now)


def watch_scopes() -> None:
    """Alert on what is not collected as it should be."""
    watch_collections(now=utc_now())


def prune_collections() -> None:
    """Forget old askings, and errors that are over."""
    now = utc_now()
    prune_askings(now=now)
    prune_errors(now=now)
