"""Probes are carried out: many endpoints in one go, each stored as soon as it was read."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from certs.models import Endpoint, Probe
from certs.observe.look import TIMEOUT, Look, look_at
from certs.observe.store import store_looks
from opsportal.lib.finish import finish_all
from opsportal.lib.outbox import State, postpone, retry_later

log = logging.getLogger(__name__)

# Stored in one transaction; or what there is, so many seconds after the last.
_BATCH, _EVERY = 50, 2.0
# Seconds for all; far below the lease. What is left then is read later.
BUDGET = 300.0
_LATER = timedelta(seconds=10)


def run_probes(
    probes: Sequence[Probe], *, clock: Callable[[], datetime], timeout: float = TIMEOUT
) -> None:
    """Look at the endpoints, and store what is there. Whatever is not stored is looked at again."""
    now, began = clock(), time.monotonic()
    waiting = {probe.endpoint_id: probe for probe in probes}
    batch: list[Look[Endpoint]] = []
    stored = began
    try:
        for look in look_at([probe.endpoint for probe in probes], timeout=timeout):
            batch.append(look)
            if len(batch) == _BATCH or time.monotonic() - stored > _EVERY:
                _store(batch, waiting, now)
                batch, stored = [], time.monotonic()
            if time.monotonic() - began > BUDGET:
                break
    except OSError as error:
        # Too many open files, most likely: the others' turn will come.
        log.exception("probes were cut short")
        for probe in waiting.values():
            if probe.state == State.CLAIMED and not _is_in(batch, probe):
                retry_later(probe, f"{type(error).__name__}: {error}", clock())
    _store(batch, waiting, now)
    for probe in waiting.values():
        if probe.state == State.CLAIMED:
            postpone(probe, clock(), _LATER)


def _store(batch: Sequence[Look[Endpoint]], waiting: dict[int, Probe], now: datetime) -> None:
    """All of them at once; where that fails each by itself, so that one fails alone."""
    if not batch:
        return
    probes = {look.place.pk: waiting.pop(look.place.pk) for look in batch}
    try:
        with transaction.atomic():
            overtaken = {row.endpoint_id for row in finish_all(list(probes.values()), now)}
            store_looks(
                [look for look in batch if look.place.pk not in overtaken],
                now=now,
            )
    except Exception as error:
        log.exception("what endpoints serve could not be stored", extra={"endpoints": len(batch)})
        for probe in probes.values():
            probe.state = State.CLAIMED
        if len(batch) > 1:
            for look in batch:
                _store([look], probes, now)
        else:
            for probe in probes.values():
                retry_later(probe, f"{type(error).__name__}: {error}", now)


def _is_in(batch: Sequence[Look[Endpoint]], probe: Probe) -> bool:
    return any(look.place is probe.endpoint for look in batch)
