"""What the workers run for the portal itself."""

import time

from opsportal.lib.outbox import outbox_of, run_outbox
from opsportal.lib.times import utc_now
from opsportal.runtime.prune import prune_runtime_rows

# Well below the cluster's time limit for a job, which would cut an act in the middle.
JOB_SECONDS = 20


def run_outbox_by_slug(slug: str) -> None:
    """Perform what is due in that outbox; the dispatcher takes over what is left."""
    end = time.monotonic() + JOB_SECONDS
    run_outbox(outbox_of(slug), stopping=lambda: time.monotonic() > end)


def prune_runtime() -> None:
    """Drop old rows of the portal's own running."""
    prune_runtime_rows(now=utc_now())
