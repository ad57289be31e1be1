"""One look at a source, from beginning to end."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from certs.discover.endpoints import read_endpoints, store_endpoints
from certs.discover.placements import (
    Stored,
    clear_troubles,
    miss_placements,
    store_placements,
    store_troubles,
)
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
from opsportal.lib.outbox import finish
from opsportal.lib.times import format_instant

log = logging.getLogger(__name__)
# Stored in one transaction.
_BATCH = 200


def run_source(run: SourceRun, *, clock: Callable[[], datetime]) -> Stored:
    """Ask, and store what is found as it is found; what was stored stays, however it ends."""
    started = clock()
    source, kind = run.source, source_kind(run.source.kind)
    stored, message = Stored(), ""
    outcome = Outcome.COMPLETE
    if kind is None or not source.enabled:
        finish(run, started)
        return stored
    try:
        take_in(source, _look(source, kind, started), stored, clock=clock)
    except SourceError as error:
        message = str(error)
    except Exception as error:
        log.exception("certificate source failed", extra={"source": source.pk})
        message = f"{type(error).__name__}: {error}"
    if message:
        outcome = Outcome.PARTIAL if stored.found or stored.endpoints else Outcome.FAILED
    _end(run, kind, stored, outcome, message[:1000], started, clock())
    return stored


def _look(source: Source, kind: CertificateSource, now: datetime) -> Iterator[Found]:
    return kind.look(
        Ask(options=source.options, secret=source.secret or {}, now=now, cursor=source.cursor)
    )


def take_in(
    source: Source, found: Iterator[Found], stored: Stored, *, clock: Callable[[], datetime]
) -> None:
    """Store what is found, batch by batch; what was yielded before an error is stored too."""
    batch: list[Found] = []
    try:
        for each in found:
            batch.append(each)
            if len(batch) == _BATCH:
                full, batch = batch, []
                _store(source, full, stored, clock())
    finally:
        if batch:
            _store(source, batch, stored, clock())


@transaction.atomic
def _store(source: Source, batch: list[Found], stored: Stored, now: datetime) -> None:
    certificates = [each for each in batch if isinstance(each, FoundCertificate)]
    store_placements(source, certificates, stored, now=now)
    endpoints, troubles = read_endpoints([e for e in batch if isinstance(e, FoundEndpoint)])
    stored.endpoints += len(store_endpoints(source, endpoints, now=now))
    troubles += [each for each in batch if isinstance(each, FoundTrouble)]
    store_troubles(source, troubles, stored, now=now)
    propose_names(_turned(source, batch, now), now=now)
    update_use(sorted(stored.touched), now=now)
    stored.touched.clear()
    for each in batch:
        if isinstance(each, FoundCursor):
            source.cursor = dict(each.value)
            Source.objects.filter(pk=source.pk).update(cursor=source.cursor)


def _turned(source: Source, batch: list[Found], now: datetime) -> list[Turned]:
    at = format_instant(now)
    return [
        Turned(each.name, [{"from": source.name, "what": each.locator[:500], "at": at}])
        for each in batch
        if isinstance(each, FoundName)
    ]


def _end(
    run: SourceRun,
    kind: CertificateSource,
    stored: Stored,
    outcome: Outcome,
    message: str,
    started: datetime,
    now: datetime,
) -> None:
    source = run.source
    changes: dict[str, Any] = {"outcome": outcome, "finished_at": now, "message": message}
    with transaction.atomic():
        if outcome == Outcome.COMPLETE:
            if kind.lists_all:
                miss_placements(source, stored, now=now)
            clear_troubles(source, stored, now=now)
            update_use(sorted(stored.touched), now=now)
            changes |= {"complete_at": started, "failures": 0, "found": stored.found}
        else:
            changes["failures"] = source.failures + 1
        Source.objects.filter(pk=source.pk).update(**changes)
        finish(
            run, now, outcome=outcome, message=message, started_at=started, found=stored.found,
            new=stored.new, gone=stored.gone, troubles=stored.troubles,
            endpoints=stored.endpoints,
            duration_ms=max(int((now - started) / timedelta(milliseconds=1)), 0),
        )  # fmt: skip
