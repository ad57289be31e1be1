"""What the workers run: looks at sources and endpoints; and the periodic jobs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from certs.discover import run_source
from certs.models import Probe, SourceRun
from certs.observe import prune_observations, prune_probes, run_probes
from certs.prune import prune_runs, prune_troubles
from certs.validate.revocation import plan_revocations, prune_lists
from certs.watch import judge_sources
from opsportal.lib.outbox import Outbox
from opsportal.lib.times import utc_now


class SourceRunOutbox(Outbox):
    """Sources that wait to be looked at."""

    slug = "certs.sources"
    model = SourceRun
    # Longer than a run may take: certs/discover/run.py has its limit.
    lease = timedelta(minutes=30)
    max_attempts = 3
    batch = 1
    related = ("source",)
    threads = 2

    def perform(self, rows: Sequence[SourceRun], now: datetime) -> None:
        """One at a time: each is a conversation with the other side."""
        for row in rows:
            run_source(row, clock=utc_now)


class ProbeOutbox(Outbox):
    """Endpoints that wait to be looked at."""

    slug = "certs.probes"
    model = Probe
    # Twice what a batch may take; see run_probes.
    lease = timedelta(minutes=10)
    max_attempts = 5
    # All in one go, so that those that hang hold up no others.
    batch = 400
    related = ("endpoint",)
    threads = 2

    def perform(self, rows: Sequence[Probe], now: datetime) -> None:
        """Many at once."""
        run_probes(rows, clock=utc_now)


def prune_observed() -> None:
    """Forget what endpoints served long ago."""
    now = utc_now()
    prune_probes(now=now)
    prune_observations(now=now)


def watch_sources() -> None:
    """Findings about sources that fail, or are empty of a sudden."""
    judge_sources(now=utc_now())


def keep_runs() -> None:
    """Forget old runs, and troubles that are over."""
    now = utc_now()
    prune_runs(now=now)
    prune_troubles(now=now)


def watch_revocations() -> None:
    """Have issuers asked about what came into use; forget lists of what went."""
    now = utc_now()
    plan_revocations(now=now)
    prune_lists(now=now)
