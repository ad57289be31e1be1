"""Nudges to the workers: never the truth, only the reason why it happens at once."""

import logging
import threading
import time

from django.db import transaction
from django_q.tasks import async_task

log = logging.getLogger(__name__)

# A burst of commits needs one nudge: the job it starts runs until nothing is due, and what falls
# between two nudges is found by the dispatcher within a second.
QUIET_SECONDS = 0.1
_JOB = "opsportal.runtime.tasks.run_outbox_by_slug"
_last: dict[str, float] = {}
_lock = threading.Lock()


def nudge(slug: str) -> None:
    """Have a worker run the outbox of that slug once the transaction has committed."""
    transaction.on_commit(lambda: _send(slug), robust=True)


def _send(slug: str) -> None:
    instant = time.monotonic()
    with _lock:
        if instant - _last.get(slug, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        _last[slug] = instant
    try:
        async_task(_JOB, slug)
    except Exception:
        log.exception("nudge not sent; the dispatcher will find the row", extra={"outbox": slug})
