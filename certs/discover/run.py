"""One look at a source, from beginning to end."""

import logging
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction

from certs.discover.absent import miss_placements
from certs.discover.endpoints import read_endpoints, store_endpoints
from certs.discover.placements import store_placements
from certs.discover.storable import storable_text
from certs.discover.stored import Stored
from certs.discover.troubles import clear_troubles, store_troubles
from certs.discover.use import update_use
from certs.models import Outcome, Source, SourceRun
from certs.normalise import (
    Found,
    FoundCertificate,
    FoundCursor,
    FoundEndpoint,
    FoundName,
    FoundTrouble,
)
from certs.propose import Turned, propose_names
from certs.sources import Ask, CertificateSource, SourceError, source_kind
from certs.sources.options import hide_secrets
from opsportal.lib.deadlocks import start_over
from opsportal.lib.outbox import State, finish
from opsportal.lib.times import format_instant

log = logging.getLogger(__name__)
# Stored in one transaction.
_BATCH = 500
# Of one run; the claim's lease is longer.
LONGEST = timedelta(minutes=25)
# After a run that was not complete, and double that after each further one, up to the interval.
FIRST_RETRY = timedelta(minutes=5)


class LostRunError(Exception):
    """The run is somebody else's by now, or the source is gone: nothing more is stored."""


@dataclass(frozen=True, slots=True)
class _Ended:
    outcome: Outcome
    message: str
    started: datetime


def run_source(run: SourceRun, *, clock: Callable[[], datetime]) -> Stored:
    """Ask, and store what is found as it is found; what was stored stays, however it ends."""
    started = clock()
    source, kind = run.source, source_kind(run.source.kind)
    stored, message = Stored(), ""
    if kind is None or not source.enabled:
        finish(run, started)
        return stored
    try:
        found = kind.look(
            Ask(source.options, source.secret or {}, now=started, cursor=source.cursor)
        )
        take_in(source, found, stored, clock=clock, run=run, until=started + LONGEST)
    except LostRunError:
        return stored
    except SourceError as error:
        message = str(error) or "It could not be read."
    except Exception as error:  # noqa: BLE001  (a plug-in may raise anything)
        message = f"{type(error).__name__}: {error}"
        place = traceback.extract_tb(error.__traceback__)[-1]
        # Without the traceback's own words, which may hold what the source was asked with.
        log.error(
            "certificate source failed",
            extra={
                "source": source.pk, "error": type(error).__name__,
                "place": f"{place.filename}:{place.lineno}",
            },
        )  # fmt: skip
    outcome = Outcome.COMPLETE
    if message:
        outcome = Outcome.PARTIAL if stored.found or stored.endpoints else Outcome.FAILED
    said = storable_text(hide_secrets(message, source.secret or {}))[:1000]
    try:
        end = partial(_end, run, kind, stored, _Ended(outcome, said, started), clock())
        stored.gone, stored.held = start_over(end)
    except LostRunError:
        log.warning("certificate source was overtaken", extra={"source": source.pk})
    return stored


def take_in(
    source: Source,
    found: Iterator[Found],
    stored: Stored,
    *,
    clock: Callable[[], datetime],
    run: SourceRun | None = None,
    until: datetime | None = None,
) -> None:
    """Store what is found, batch by batch; what was yielded before an error is stored too.

    With `run`, only while it is the caller's: else raises LostRunError. Raises SourceError past
    `until`.
    """
    batch: list[Found] = []

    def store() -> None:
        full = batch.copy()
        batch.clear()
        stored.add(start_over(partial(_store, source, full, run, clock())))

    with closing(_closable(found)) as items:
        try:
            for each in items:
                batch.append(each)
                if len(batch) == _BATCH:
                    store()
                if until is not None and clock() > until:
                    raise SourceError(f"It did not come to its end within {LONGEST}.")
        finally:
            if batch:
                store()


def _closable(found: Iterator[Found]) -> Generator[Found]:
    yield from found


@transaction.atomic
def _store(source: Source, batch: list[Found], run: SourceRun | None, now: datetime) -> Stored:
    stored = Stored()
    _hold(source, run)
    certificates = [each for each in batch if isinstance(each, FoundCertificate)]
    store_placements(source, certificates, stored, now=now)
    endpoints, troubles = read_endpoints([e for e in batch if isinstance(e, FoundEndpoint)])
    stored.endpoints += len(store_endpoints(source, endpoints, now=now))
    troubles += [each for each in batch if isinstance(each, FoundTrouble)]
    store_troubles(source, troubles, stored, now=now)
    propose_names(_turned(source, batch, now), now=now)
    update_use(sorted(stored.touched), now=now)
    for each in batch:
        if isinstance(each, FoundCursor):
            source.cursor = dict(each.value)
            Source.objects.filter(pk=source.pk).update(cursor=source.cursor)
    return stored


def _turned(source: Source, batch: list[Found], now: datetime) -> list[Turned]:
    at = format_instant(now)
    return [
        Turned(each.name, [{"from": source.name, "what": each.locator[:500], "at": at}])
        for each in batch
        if isinstance(each, FoundName)
    ]


def _hold(source: Source, run: SourceRun | None) -> Source:
    """The source, locked: one at a time writes what is there. Raises LostRunError."""
    rows = Source.objects.select_for_update(of=("self",)).filter(pk=source.pk)
    if run is not None:
        rows = rows.filter(
            enabled=True, runs__pk=run.pk, runs__state=State.CLAIMED,
            runs__attempts=run.attempts, runs__due_at=run.due_at,
        )  # fmt: skip
    held = rows.first()
    if held is None:
        raise LostRunError
    return held


@transaction.atomic
def _end(
    run: SourceRun, kind: CertificateSource, stored: Stored, ended: _Ended, now: datetime
) -> tuple[int, int]:
    """How many are gone, and how many that is said of only."""
    last, source = Stored(seen=stored.seen, troubled=stored.troubled), _hold(run.source, run)
    changes: dict[str, Any] = {
        "outcome": ended.outcome, "finished_at": now, "message": ended.message,
    }  # fmt: skip
    if ended.outcome == Outcome.COMPLETE:
        if kind.lists_all:
            miss_placements(source, last, now=now)
            changes["held"] = source.held
        clear_troubles(source, stored, lists_all=kind.lists_all, now=now)
        update_use(sorted(last.touched), now=now)
        changes |= {"complete_at": ended.started, "failures": 0, "found": stored.found}
    else:
        changes["failures"] = source.failures + 1
        again = now + min(FIRST_RETRY * 2 ** min(source.failures, 20), source.interval)
        changes["next_at"] = min(source.next_at or again, again)
    Source.objects.filter(pk=source.pk).update(**changes)
    finished = finish(
        run, now, outcome=ended.outcome, message=ended.message, started_at=ended.started,
        found=stored.found, new=stored.new, gone=last.gone, troubles=stored.troubles,
        endpoints=stored.endpoints, held=last.held,
        duration_ms=max(int((now - ended.started) / timedelta(milliseconds=1)), 0),
    )  # fmt: skip
    if not finished:
        raise LostRunError
    return last.gone, last.held
