"""One collection from beginning to end."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from opsportal.lib.outbox import finish
from security.audit import audit_resources, mark_dependents
from security.cause import find_causes
from security.cloud import metered
from security.collect.absent import settle_absent
from security.collect.errors import note_errors
from security.collect.look import Sighting, known_in, look
from security.collect.store import Stored, Writer, resources_by_id
from security.collectors import collector_of
from security.models import Collection, ConfigRevision, Outcome, Scope


class OvertakenError(Exception):
    """Somebody else holds the collection by now, or wrote to its scope meanwhile."""


def run_collection(collection: Collection, *, clock: Callable[[], datetime]) -> Stored | None:
    """Ask, store what changed, and audit it. None when somebody else has it by now."""
    started = clock()
    scope = Scope.objects.select_related("account").get(pk=collection.scope_id)
    collector = collector_of(scope.technology)
    if collector is None or scope.account.frozen or not scope.account.enabled:
        finish(collection, started)
        return None
    known = known_in(scope, collector)
    with metered() as counter:
        sighting = look(collection, scope, collector, known, clock=clock)
    now = clock()
    collection.listed = len(sighting.listed)
    collection.http_calls, collection.throttles = counter.calls, counter.throttles
    collection.duration_ms = max(int((now - started).total_seconds() * 1000), 0)
    collection.started_at = started
    with transaction.atomic():
        locked = Scope.objects.select_for_update().get(pk=scope.pk)
        if not finish(collection, now):
            return None
        scope.generation = locked.generation + 1
        writer = Writer(
            scope,
            collector,
            source=_source(collection),
            baseline=locked.complete_at is None,
            now=now,
        )
        wanted = [known[seen.found.resource_id].pk for seen in sighting.different
                  if seen.found.resource_id in known]  # fmt: skip
        rows = resources_by_id(wanted)
        for seen in sighting.different:
            stored = known.get(seen.found.resource_id)
            writer.take(seen, rows.get(stored.pk) if stored else None)
        settle_absent(collection, scope, collector, sighting, known, writer, now=now)
        # What has to do with them by their old configuration, and by the new one.
        touched = writer.stored.updated
        mark_dependents(scope.account, scope.technology, touched, now=now)
        stored_now = writer.store()
        touched = [*stored_now.created, *touched]
        # What nobody could tell without it may be decided now.
        first = locked.complete_at is None and collection.is_full and sighting.complete
        mark_dependents(scope.account, scope.technology, touched, whole=first, now=now)
        note_errors(scope, sighting, now=now)
        find_causes(stored_now.revisions, now=now)
        _close(collection, scope, sighting, stored_now, now)
    audit_resources([row.pk for row in (*stored_now.created, *stored_now.updated)], now=now)
    return stored_now


def _source(collection: Collection) -> str:
    event = collection.reason == Collection.Reason.EVENT
    return ConfigRevision.Source.EVENT if event else ConfigRevision.Source.POLL


def _close(
    collection: Collection, scope: Scope, sighting: Sighting, stored: Stored, now: datetime
) -> None:
    """What the collection came to, on its own row and, if it asked for everything, the scope's."""
    trouble = sighting.trouble
    outcome = Outcome.COMPLETE
    if trouble is not None:
        outcome = Outcome.PARTIAL if sighting.listed else trouble.outcome
    collection.outcome = outcome
    collection.created, collection.changed = len(stored.created), len(stored.revisions)
    if trouble is not None:
        collection.error_code, collection.error_message = trouble.code, trouble.message
        collection.request_id = trouble.request_id
    collection.save(
        update_fields=[
            "outcome", "listed", "created", "changed", "missing", "http_calls", "throttles",
            "duration_ms", "started_at", "error_code", "error_message", "request_id",
        ]
    )  # fmt: skip
    if collection.is_full:
        scope.outcome, scope.finished_at, scope.started_at = outcome, now, collection.started_at
        scope.error_code, scope.error_message = collection.error_code, collection.error_message
        scope.request_id = collection.request_id
        scope.failures = 0 if trouble is None else scope.failures + 1
        if trouble is None:
            scope.complete_at, scope.listed = now, len(sighting.listed)
    scope.save(
        update_fields=[
            "outcome", "started_at", "finished_at", "complete_at", "listed", "failures",
            "error_code", "error_message", "request_id", "generation", "held",
        ]
    )  # fmt: skip
