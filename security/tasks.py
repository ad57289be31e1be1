"""What the workers run: collections; and the periodic jobs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from opsportal.lib.outbox import Outbox
from opsportal.lib.times import utc_now
from security.activity import poll_queues
from security.activity.posted import take_late_posted
from security.activity.prune import prune_activities
from security.activity.silence import watch_silence
from security.cause.find import link_deployments
from security.cause.pending import settle_pending
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


def hear_trails(*, now: datetime) -> int:
    """Listen to the queues of CloudTrail's events for a while; how many messages went."""
    del now  # it listens for longer than a moment
    return poll_queues(clock=utc_now)


def watch_trails() -> None:
    """Decide about changes that no call announced, and alert on trails that are not heard."""
    now = utc_now()
    settle_pending(now=now)
    link_deployments(now=now)
    watch_silence(now=now)


def keep_activities() -> None:
    """Take in late what was posted, and forget old calls."""
    now = utc_now()
    take_late_posted(now=now)
    prune_activities(now=now)


def watch_scopes() -> None:
    """Alert on what is not collected as it should be."""
    watch_collections(now=utc_now())


def prune_collections() -> None:
    """Forget old askings, and errors that are over."""
    now = utc_now()
    prune_askings(now=now)
    prune_errors(now=now)
