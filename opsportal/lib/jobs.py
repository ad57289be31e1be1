"""Nudges: never the truth, only the reason why it happens at once.

This machine's dispatcher is told by its bell. Where none runs, the workers are told by the queue,
which costs a row and so waits for the database's writers.
"""

import logging
import threading
import time

from django.db import transaction
from django_q.tasks import async_task

from opsportal.lib.bell import ring

log = logging.getLogger(__name__)

# A burst of commits needs one job: it runs until nothing is due, and what falls
# between two jobs is found by the dispatcher within a second.
QUIET_SECONDS = 0.1
_JOB = "opsportal.runtime.tasks.run_outbox_by_slug"
_last: dict[str, float] = {}
_lock = threading.Lock()


def nudge(slug: str) -> None:
    """Have the outbox of that slug run once the transaction has committed."""
    transaction.on_commit(lambda: _send(slug), robust=True)


def _send(slug: str) -> None:
    if ring(slug):
        return
    instant = time.monotonic()
    with _lock:
        if instant - _last.get(slug, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        _last[slug] = instant
    try:
        async_task(_JOB, slug)
    except Exception:
        log.exception("nudge not sent; the dispatcher will find the row", extra={"outbox": slug})
