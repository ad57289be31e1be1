"""What the workers run: looks at sources and endpoints; and the periodic jobs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from certs.discover import run_source
from certs.models import SourceRun
from opsportal.lib.outbox import Outbox
from opsportal.lib.times import utc_now


class SourceRunOutbox(Outbox):
    """Sources that wait to be looked at."""

    slug = "certs.sources"
    model = SourceRun
    lease = timedelta(minutes=30)
    max_attempts = 3
    batch = 1
    related = ("source",)
    threads = 2

    def perform(self, rows: Sequence[SourceRun], now: datetime) -> None:
        """One at a time: each is a conversation with the other side."""
        for row in rows:
            run_source(row, clock=utc_now)
