"""One collection from beginning to end."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction

from opsportal.lib.aws import metered
from opsportal.lib.deadlocks import start_over
from opsportal.lib.outbox import finish, retry_later
from security.audit import audit_resources, mark_dependents
from security.cause import find_causes
from security.collect.absent import Absence, ask_for_proofs, held_note, judge_absent
from security.collect.errors import note_errors
from security.collect.known import Known, known_in, lock_resources
from security.collect.look import Sighting, look
from security.collect.plan import ask_about
from security.collect.store import Stored, Writer
from security.collectors import Collector, collector_of
from security.models import Collection, ConfigRevision, Outcome, Scope

# When what somebody else wrote meanwhile is asked about again.
_AGAIN = timedelta(seconds=5)


def run_collection(collection: Collection, *, clock: Callable[[], datetime]) -> Stored | None:
    """Ask, store what changed, and audit it. None when somebody else has it by now."""
    started = clock()
    scope = collection.scope
    collector = collector_of(scope.technology)
    if collector is None or scope.account.frozen or not scope.account.enabled:
        finish(collection, started)
        return None
    known = known_in(scope, collector)
    with metered() as counter:
        sighting = look(collection, scope, collector, known, clock=clock)
    now = clock()
    figures = {
        "started_at": started,
        "listed": len(sighting.listed),
        "http_calls": counter.calls,
        "throttles": counter.throttles,
        "duration_ms": max(int((now - started) / timedelta(milliseconds=1)), 0),
    }
    asked = _Asked(collection, scope, collector, sighting, known, started, now)
    stored = start_over(partial(_keep, asked, figures))
    if stored is None:
        return None
    audit_resources([row.pk for row in (*stored.created, *stored.updated)], now=now)
    return stored


def _keep(asked: "_Asked", figures: dict[str, Any]) -> Stored | None:
    """Store it in one transaction: on copies, so that one that was undone has changed nothing."""
    collection, sighting = asked.collection, asked.sighting
    sighting = replace(sighting, different=dict(sighting.different), gone=set(sighting.gone))
    mine = replace(asked, collection=copy(collection), scope=copy(asked.scope), sighting=sighting)
    with transaction.atomic():
        stored = mine.keep(figures)
        if stored is None:
            transaction.set_rollback(True)
    vars(collection).update(vars(mine.collection))
    return stored


@dataclass
class _Asked:
    """What is written of one asking; all of it, or nothing."""

    collection: Collection
    scope: Scope
    collector: type[Collector]
    sighting: Sighting
    known: Mapping[str, Known]
    started: datetime
    now: datetime
    absence: Absence = field(default_factory=Absence)
    # What somebody else wrote while we asked: theirs stays, and it is asked about again.
    overtaken: set[str] = field(default_factory=set)

    def keep(self, figures: dict[str, Any]) -> Stored | None:
        """Store it; None when somebody else has the collection by now."""
        self._enter()
        writer = self._take()
        created, revisions = len(writer.stored.created), len(writer.stored.revisions)
        counts = {
            "created": created,
            "changed": revisions - created,
            "missing": len(self.absence.missing),
        }
        if not self._finish({**figures, **counts}):
            return None
        # What has to do with them by their old configuration, and by the new one.
        touched = writer.stored.updated
        account, technology = self.scope.account, self.scope.technology
        mark_dependents(account, technology, touched, now=self.now)
        stored = writer.store()
        touched = [*stored.created, *touched]
        # What nobody could tell without it may be decided now.
        first = self.scope.complete_at is None and self.collection.is_full
        whole = first and self.sighting.complete
        mark_dependents(account, technology, touched, whole=whole, now=self.now)
        find_causes(stored.revisions, now=self.now)
        errors = self.scope.errors
        note_errors(
            self.scope, self.collector, self.sighting, self.collection.targets, now=self.now
        )
        if self.scope.errors != errors:
            Scope.objects.filter(pk=self.scope.pk).update(errors=self.scope.errors)
        if self.overtaken:
            ask_about(
                self.scope, sorted(self.overtaken), reason=self.collection.reason,
                due_at=self.now + _AGAIN, now=self.now,
            )  # fmt: skip
        ask_for_proofs(self.scope, self.absence, now=self.now)
        return stored

    def _enter(self) -> None:
        """Write the scope, which keeps everybody else out of it until we have done."""
        self.absence = judge_absent(self.collection, self.sighting, self.known)
        rows = Scope.objects.filter(pk=self.scope.pk)
        generation = self.scope.generation
        if not rows.filter(generation=generation).update(
            generation=generation + 1, **self._outcome()
        ):
            locked = rows.select_for_update().get()
            locked.account = self.scope.account
            self.scope = locked
            self._stand_back()
            rows.update(generation=locked.generation + 1, **self._outcome())
        self.scope.generation += 1

    def _stand_back(self) -> None:
        """Leave to others what they wrote meanwhile, and what is absent to the next listing."""
        fresh, sighting = known_in(self.scope, self.collector), self.sighting
        names = fresh.keys() | self.known.keys()
        moved = {name for name in names if fresh.get(name) != self.known.get(name)}
        self.overtaken = moved & (sighting.listed | sighting.gone)
        for name in self.overtaken:
            sighting.different.pop(name, None)
        sighting.gone -= self.overtaken
        self.known = fresh
        self.absence = judge_absent(self.collection, sighting, fresh, listing=False)

    def _outcome(self) -> dict[str, Any]:
        """What the scope says of a collection of all of it."""
        if not self.collection.is_full:
            return {}
        trouble, scope = self.sighting.trouble, self.scope
        changes: dict[str, Any] = {
            "outcome": self._word(),
            "started_at": self.started,
            "finished_at": self.now,
            "failures": 0 if trouble is None else scope.failures + 1,
            **self._trouble(),
        }
        if trouble is None:
            changes["complete_at"], changes["listed"] = self.started, len(self.sighting.listed)
            changes["held"] = held_note(scope, self.absence, self.now)
        return changes

    def _word(self) -> Outcome:
        trouble, sighting = self.sighting.trouble, self.sighting
        if trouble is None:
            return Outcome.COMPLETE
        return Outcome.PARTIAL if sighting.listed or sighting.gone else trouble.outcome

    def _trouble(self) -> dict[str, str]:
        trouble = self.sighting.trouble
        if trouble is None:
            return {"error_code": "", "error_message": "", "request_id": ""}
        return {
            "error_code": trouble.code,
            "error_message": trouble.message,
            "request_id": trouble.request_id,
        }

    def _take(self) -> Writer:
        """What is to be written, on rows that are locked."""
        event = self.collection.reason == Collection.Reason.EVENT
        source = ConfigRevision.Source.EVENT if event else ConfigRevision.Source.POLL
        writer = Writer(self.scope, self.collector, source=source, now=self.now)
        sighting, absence, known = self.sighting, self.absence, self.known
        names = [*sighting.different, *absence.missing, *absence.deleted]
        rows = lock_resources([known[name].pk for name in names if name in known])
        for name, seen in sighting.different.items():
            writer.take(name, seen, rows.get(known[name].pk) if name in known else None)
        for name in absence.missing:
            if row := rows.get(known[name].pk):
                writer.miss(row)
        for name in absence.deleted:
            if row := rows.get(known[name].pk):
                writer.delete(row, self.started)
        return writer

    def _finish(self, result: dict[str, Any]) -> bool:
        """Settle the collection; one of some resources comes again for those that failed."""
        collection, sighting = self.collection, self.sighting
        result = {"outcome": self._word(), **self._trouble(), **result}
        trouble = sighting.trouble
        if collection.is_full or trouble is None or not trouble.may_pass:
            return finish(collection, self.now, **result)
        left = [name for name in collection.targets if name not in self._answered()]
        return retry_later(collection, trouble.message, self.now, targets=left, **result)

    def _answered(self) -> set[str]:
        sighting = self.sighting
        return (sighting.listed | sighting.gone) - sighting.unread.keys()
