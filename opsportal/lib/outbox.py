"""Work that must not be lost: a row with state, due time, lease and attempts.

A row is written in the transaction of its cause. Workers claim due rows by a conditional update
that counts the attempt and is committed *before* the act, so a job that kills its worker stops
after `max_attempts`. A lease that runs out makes the row due again: at least once, always.
The `attempts` number fences: only the holder of the latest attempt may finish a row.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import connections, models, router, transaction
from django.db.models import Q
from django.db.models.base import ModelState

from opsportal.lib.ids import IdIn
from opsportal.lib.lane import lane
from opsportal.lib.registry import plugin, plugins
from opsportal.lib.times import utc_now

log = logging.getLogger(__name__)

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=15)
# Another side's Retry-After is believed up to here.
LONGEST_ASKED_DELAY = timedelta(hours=1)
MAX_ERROR_LENGTH = 2000
# Between two batches, for writers that poll for SQLite's lock.
YIELD_SECONDS = 0.003
# After a batch that was not full: a batch costs much the same for one row and for fifty.
GATHER_SECONDS = 0.02
_jitter = random.SystemRandom()


class OutboxRow(models.Model):
    """Abstract base of every outbox; subclasses add what the work is about."""

    class State(models.TextChoices):
        """`due` covers waiting for a retry as well; `dead` waits for a person to replay it.

        `held` waits for something other than time, `dropped` is no longer wanted; nobody claims
        either.
        """

        DUE = "due"
        CLAIMED = "claimed"
        DONE = "done"
        DEAD = "dead"
        HELD = "held"
        DROPPED = "dropped"

    # Of the outbox that claimed the row; set by `claim_due`.
    max_attempts: int = 10

    state = models.CharField(max_length=8, choices=State, default=State.DUE, editable=False)
    # When the row may next be claimed: the due time, or the end of the lease while claimed.
    due_at = models.DateTimeField(editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    last_error = models.TextField(blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


State = OutboxRow.State


class StateIn(models.Func):
    """`state IN (...)` with the states as literals.

    SQLite takes a partial index only when it sees its condition; a bound parameter hides it.
    """

    conditional = True
    output_field = models.BooleanField()

    def __init__(self, *states: str) -> None:
        literals = ", ".join(f"'{State(state).value}'" for state in states)
        super().__init__(models.F("state"), template=f"%(expressions)s IN ({literals})")


UNFINISHED = StateIn(State.DUE, State.CLAIMED)


def due_index(name: str) -> models.Index:
    """The index behind every sweep: "which unfinished row is due first?"."""
    unfinished = Q(state__in=[State.DUE, State.CLAIMED])
    return models.Index(fields=["due_at"], condition=unfinished, name=name)


def dead_index(name: str) -> models.Index:
    """The index behind "which have failed for good, and how many?"."""
    return models.Index(fields=["-id"], condition=Q(state=State.DEAD), name=name)


class Outbox:
    """Base of the outboxes listed in settings.OUTBOXES; the app implements `perform`."""

    slug: ClassVar[str]
    model: ClassVar[type[OutboxRow]]
    lease: ClassVar[timedelta] = timedelta(seconds=60)
    max_attempts: ClassVar[int] = 10
    # Rows handed to one `perform`. Small where one act may hang, large where one query does many.
    batch: ClassVar[int] = 50
    # The columns that `perform` needs of a row; none named, all are read.
    columns: ClassVar[tuple[str, ...]] = ()
    # Whether batches are written best by one process at a time where the database has one writer.
    alone: ClassVar[bool] = False
    # What is claimed first among what is due; an index should know it.
    order: ClassVar[tuple[str, ...]] = ("due_at",)
    # What is read with the rows.
    related: ClassVar[tuple[str, ...]] = ()
    # How many threads of the dispatcher may perform at the same time.
    threads: ClassVar[int] = 1

    def perform(self, rows: Sequence[Any], now: datetime) -> None:
        """Act on claimed rows and settle each by `finish`, `retry_later`, `bury` or `postpone`."""
        raise NotImplementedError


def outbox_of(slug: str) -> Outbox:
    """The outbox of that slug. Raises LookupError that lists the known ones."""
    found: Outbox = plugin("OUTBOXES", slug)()
    return found


def all_outboxes() -> list[Outbox]:
    """Every outbox of settings.OUTBOXES, in its order."""
    return [found() for found in plugins("OUTBOXES").values()]


def claim_due(outbox: Outbox, now: datetime, limit: int) -> list[Any]:
    """Take up to `limit` due rows for `outbox.lease`; committed on return.

    A row whose last holder vanished is taken alone, so that a row which kills its worker uses up
    nobody's attempts but its own; with no attempts left it is buried here.
    """
    manager = outbox.model._default_manager
    due = manager.filter(UNFINISHED, due_at__lte=now).order_by(*outbox.order)
    # Most sweeps find nothing: that must not cost a write transaction.
    if not due.exists():
        return []
    database = router.db_for_write(outbox.model)
    with transaction.atomic(using=database, durable=True):
        # Where rows cannot be locked (SQLite) the transaction has the only write lock.
        if connections[database].features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, of=("self",))
        rows = _before_the_lapsed(_read(outbox, due.using(database)[:limit]))
        spent = [row for row in rows if row.attempts >= outbox.max_attempts]
        taken = [row for row in rows if row.attempts < outbox.max_attempts]
        for row in spent:
            _write_off(row, now)
        lease_end = now + outbox.lease
        manager.using(database).filter(IdIn(row.pk for row in taken)).update(
            state=State.CLAIMED, attempts=models.F("attempts") + 1, due_at=lease_end
        )
    for row in taken:
        row.state, row.due_at, row.max_attempts = State.CLAIMED, lease_end, outbox.max_attempts
        row.attempts += 1
    # Rows written off leave room for others that are due.
    return taken if taken or not spent else claim_due(outbox, now, limit)


def _read(outbox: Outbox, rows: models.QuerySet[OutboxRow]) -> list[Any]:
    """The rows with the columns that are needed, as `only()` has it, at a fifth of its cost."""
    if not outbox.columns:
        return list(rows.select_related(*outbox.related) if outbox.related else rows)
    names = ("id", "state", "attempts", "last_error", *outbox.columns)
    lean = []
    for values in rows.values_list(*names):
        row = outbox.model.__new__(outbox.model)
        row._state = ModelState()
        row._state.adding, row._state.db = False, rows.db
        row.__dict__.update(zip(names, values, strict=True))
        lean.append(row)
    return lean


def _before_the_lapsed(rows: list[Any]) -> list[Any]:
    """The first row alone if its lease ran out, else all rows before the first such row."""
    for index, row in enumerate(rows):
        if row.state == State.CLAIMED:
            return rows[: max(index, 1)]
    return rows


def _write_off(row: Any, now: datetime) -> None:
    reason = (
        f"Given up after {row.attempts} attempts: the worker ended or hung each time before it "
        "could say what came of it."
    )
    error = f"{reason} Last error: {row.last_error}" if row.last_error else reason
    type(row)._default_manager.filter(pk=row.pk).update(
        state=State.DEAD, last_error=error[:MAX_ERROR_LENGTH], finished_at=now
    )
    log.error("outbox row written off", extra={"model": row._meta.label, "row": row.pk})


def finish(row: Any, now: datetime, **result: Any) -> bool:
    """The work is done, with that `result` in columns. False when somebody else holds the row."""
    return _settle(row, state=State.DONE, finished_at=now, last_error="", **result)


def retry_later(
    row: Any, error: str, now: datetime, delay: timedelta | None = None, **result: Any
) -> bool:
    """The attempt failed: due again after the back-off, or `delay`; dead after the last attempt."""
    if row.attempts >= row.max_attempts:
        return bury(row, error, now)
    wait = backoff(row.attempts) if delay is None else min(delay, LONGEST_ASKED_DELAY)
    return _settle(
        row,
        state=State.DUE,
        due_at=now + max(wait, timedelta(0)),
        last_error=error[:MAX_ERROR_LENGTH],
        **result,
    )


def bury(row: Any, error: str, now: datetime) -> bool:
    """No further attempt is worth it; a person may replay the row."""
    return _settle(row, state=State.DEAD, finished_at=now, last_error=error[:MAX_ERROR_LENGTH])


def postpone(row: Any, now: datetime, delay: timedelta) -> bool:
    """Not acted on: due again after `delay`, and the attempt does not count."""
    return _settle(row, state=State.DUE, due_at=now + delay, attempts=row.attempts - 1)


def replay(row: Any, now: datetime) -> bool:
    """A dead row is due again with all its attempts. False when it is not dead."""
    changes = {"state": State.DUE, "due_at": now, "attempts": 0, "finished_at": None}
    return _change(row, changes, state=State.DEAD)


def backoff(attempts: int) -> timedelta:
    """5 s, 10 s, 20 s ... up to 15 min, each a quarter more or less by chance."""
    wait: timedelta = min(FIRST_DELAY * 2 ** min(max(attempts - 1, 0), 20), LONGEST_DELAY)
    return wait * _jitter.uniform(0.75, 1.25)


def _settle(row: Any, **changes: Any) -> bool:
    # The lease's end fences as well: attempts start again at 1 after a replay.
    return _change(row, changes, state=State.CLAIMED, attempts=row.attempts, due_at=row.due_at)


def _change(row: Any, changes: dict[str, Any], **condition: Any) -> bool:
    rows = type(row)._default_manager.filter(pk=row.pk, **condition)
    if not rows.update(**changes):
        return False
    for name, value in changes.items():
        setattr(row, name, value)
    return True


def run_outbox(
    outbox: Outbox,
    *,
    now: Callable[[], datetime] = utc_now,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Claim and perform until nothing is due or `stopping()`; how many rows were claimed."""
    count = 0
    vendor = connections[router.db_for_write(outbox.model)].vendor
    with lane(outbox.slug) if outbox.alone and vendor == "sqlite" else nullcontext(True) as ours:
        while ours and not stopping():
            rows = claim_due(outbox, now(), outbox.batch)
            if not rows:
                break
            count += len(rows)
            _perform(outbox, rows, now)
            full = len(rows) == outbox.batch
            if outbox.alone and (vendor == "sqlite" or not full):
                time.sleep(YIELD_SECONDS if full else GATHER_SECONDS)
    return count


def _perform(outbox: Outbox, rows: Sequence[Any], now: Callable[[], datetime]) -> None:
    """Perform the rows; when that fails, each by itself, so that one fails alone."""
    try:
        outbox.perform(rows, now())
    except Exception as error:
        log.exception("outbox rows failed", extra={"outbox": outbox.slug, "rows": len(rows)})
        left = [row for row in rows if row.state == State.CLAIMED]
        if len(rows) > 1:
            for row in left:
                _perform(outbox, [row], now)
        else:
            for row in left:
                retry_later(row, f"{type(error).__name__}: {error}", now())


def oldest_due(outbox: Outbox, now: datetime) -> timedelta:
    """For how long the row that waits longest has been due; zero when none is."""
    rows = outbox.model._default_manager.filter(UNFINISHED, due_at__lte=now)
    due_at = rows.order_by("due_at").values_list("due_at", flat=True).first()
    return now - due_at if due_at else timedelta(0)
