"""Plan → calls: each announced in the journal before it is made, and never made twice.

Whoever executes may be killed at any moment. What the journal then lacks was not called; an intent
without an answer is looked at, and where looking proves nothing a person has to.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from opsportal.accounts.actors import Actor
from opsportal.lib.errors import ConflictError
from opsportal.safety.brakes import check_brakes
from opsportal.safety.freeze import hash_plan, thaw_calls, thaw_targets
from opsportal.safety.leash import closed_locks, lock_guard
from opsportal.safety.limits import limits_of
from opsportal.safety.look import first_failure, look_at, see
from opsportal.safety.models import Approval, JournalEntry, Operation
from opsportal.safety.plugins import Call, CallFailedError, CallUnknownError, Executor, Target
from opsportal.safety.record import State, move_operation, write_journal
from opsportal.safety.stop import read_stop

Kind = JournalEntry.Kind
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """One attempt at one operation."""

    operation: Operation
    executor: type[Executor]
    actor: Actor
    now: datetime

    def finish(self, state: str, text: str) -> None:
        """It is over, one way or the other."""
        with transaction.atomic():
            move_operation(self.operation, state, text, actor=self.actor, now=self.now)

    def answer(self, number: int, text: str, *, succeeded: bool | None) -> None:
        """What the other side said to a call."""
        write_journal(
            self.operation, Kind.ANSWER, text, now=self.now, call=number, succeeded=succeeded
        )

    def hold(self) -> None:
        """In a transaction: nobody else has taken it over, and nobody does before its end."""
        lock_guard()
        mine = Operation.objects.select_for_update().filter(
            pk=self.operation.pk, state=State.EXECUTING, run=self.operation.run
        )
        if not mine.exists():
            raise ConflictError(f"Operation {self.operation.pk} was taken over by another worker.")


def execute_operation(
    operation_id: int, executor: type[Executor], *, actor: Actor, now: datetime
) -> Operation:
    """Carry out a plan, or simulate it; in its state it says what came of it.

    An operation that is found executing was left by somebody who ended: the caller's lease sees
    to it that only one has it. Raises ConflictError, Operation.DoesNotExist.
    """
    operation, earnest = _begin(operation_id, actor, now)
    if operation.state != State.EXECUTING:
        return operation
    run = _Run(operation, executor, actor, now)
    if operation.journal.filter(kind=Kind.INTENT).exists():
        _pick_up(run)
    elif earnest:
        _call_all(run)
    else:
        _simulate(run)
    return operation


def _begin(operation_id: int, actor: Actor, now: datetime) -> tuple[Operation, bool]:
    """Take it, if everything still holds; and whether in earnest."""
    with transaction.atomic():
        lock_guard()
        operation = Operation.objects.select_for_update().get(pk=operation_id)
        if operation.state not in (State.PLANNED, State.APPROVED, State.EXECUTING):
            raise ConflictError(f"Operation {operation.pk} is {operation.state_text}.")
        locks = closed_locks(operation.plugin)
        earnest = not operation.dry_run and not locks
        if operation.journal.filter(kind=Kind.INTENT).exists():
            operation.run += 1
            operation.save(update_fields=["run"])
            return operation, earnest
        state, why = _objection(operation, earnest, now)
        if state:
            move_operation(operation, state, why, actor=actor, now=now)
            return operation, earnest
        if locks and not operation.dry_run:
            operation.dry_run_why = ", ".join(locks)[:300]
        operation.run += 1
        operation.started_at = now
        operation.target_rows.update(acted_at=now, simulated=not earnest)
        move_operation(operation, State.EXECUTING, actor=actor, now=now)
    return operation, earnest


def _objection(operation: Operation, earnest: bool, now: datetime) -> tuple[str, str]:
    """What forbids to begin: the state that follows and why; empty when nothing does."""
    stopped = read_stop()
    if stopped is not None:
        return State.STOPPED, str(stopped)
    if operation.expires_at <= now:
        return State.EXPIRED, "not begun in time"
    if hash_plan(operation) != operation.plan_hash:
        return State.REFUSED, "the plan is not the one that was hashed"
    if operation.needs_approval:
        word = Approval.objects.filter(operation=operation).first()
        if word is None or word.verdict != Approval.Verdict.APPROVED:
            return State.REFUSED, "nobody has approved it"
        if word.plan_hash != operation.plan_hash:
            return State.REFUSED, "another plan was approved"
    try:
        limits = limits_of(operation.parameters)
    except ValueError as error:
        return State.REFUSED, f"its limits are beyond the allowed: {error}"
    checks = check_brakes(
        operation.requester,
        list(thaw_targets(operation).values()),
        limits,
        earnest=earnest,
        now=now,
        operation_id=operation.pk,
    )
    failure = first_failure(checks)
    return (State.REFUSED, failure) if failure else ("", "")


def _simulate(run: _Run) -> None:
    """All looks, no call."""
    operation = run.operation
    targets = thaw_targets(operation)
    checks = look_at(run.executor, list(targets.values()), operation.parameters)
    failure = first_failure(checks)
    with transaction.atomic():
        run.hold()
        if failure:
            run.finish(State.REFUSED, failure)
            return
        for number, call in enumerate(thaw_calls(operation)):
            text = f"would call {call.name} on {targets[call.target].name}"
            details = dict(call.arguments)
            write_journal(
                operation, Kind.SIMULATED, text, now=run.now, call=number, details=details
            )
        run.finish(State.SIMULATED, f"only simulated, by {operation.dry_run_why}")


def _call_all(run: _Run) -> None:
    targets, calls = thaw_targets(run.operation), thaw_calls(run.operation)
    for number, call in enumerate(calls):
        target = targets[call.target]
        if not _announce(run, number, call, target) or not _call(run, number, call, target):
            return
    run.finish(State.DONE, f"{len(calls)} of {len(calls)} calls made")


def _announce(run: _Run, number: int, call: Call, target: Target) -> bool:
    """The intent, in the transaction that looks at the switch and the locks; or the end."""
    operation = run.operation
    failure = first_failure(look_at(run.executor, [target], operation.parameters))
    with transaction.atomic():
        run.hold()
        state = State.STOPPED if number else State.REFUSED
        stopped, locks = read_stop(), closed_locks(operation.plugin)
        if stopped is not None:
            state, failure = State.STOPPED, str(stopped)
        elif locks:
            state, failure = State.STOPPED, f"{locks[0]} was closed"
        if failure:
            made = f"after {number} of {len(operation.calls)} calls: " if number else ""
            run.finish(state, made + failure)
            return False
        text = f"will call {call.name} on {target.name}"
        details = dict(call.arguments)
        write_journal(operation, Kind.INTENT, text, now=run.now, call=number, details=details)
    return True


def _call(run: _Run, number: int, call: Call, target: Target) -> bool:
    """The call itself, and its answer in the journal; whether it succeeded."""
    operation = run.operation
    try:
        key = f"opsportal-operation-{operation.pk}-{number}-{operation.plan_hash[:16]}"
        answer = run.executor.call(call, target, idempotency_key=key)
    except CallFailedError as error:
        run.answer(number, error.message, succeeded=False)
        run.finish(State.FAILED, error.message)
        return False
    except CallUnknownError as error:
        return _look_after(run, number, error.message)
    except Exception as error:
        log.exception("what came of a call is not known", extra={"operation": operation.pk})
        return _look_after(run, number, f"{type(error).__name__}: {error}")
    run.answer(number, answer, succeeded=True)
    return True


def _look_after(run: _Run, number: int, text: str) -> bool:
    """A call whose answer nobody heard: whether the target proves that it was carried out."""
    call = thaw_calls(run.operation)[number]
    target = thaw_targets(run.operation)[call.target]
    if run.executor.proves:
        seen = see(run.executor, call, target)
        text = f"{text}; {seen.text}" if seen.text else text
        if seen.state in {"done", "pending"}:
            run.answer(number, text, succeeded=True)
            return True
    run.answer(number, text, succeeded=None)
    outcome = f"whether {call.name} on {target.name} was carried out is not known: {text}"
    run.finish(State.UNKNOWN, outcome)
    return False


def _pick_up(run: _Run) -> None:
    """Whoever executed has ended in the middle. Nothing more is called."""
    entries = run.operation.journal.filter(call__isnull=False)
    intents = set(entries.filter(kind=Kind.INTENT).values_list("call", flat=True))
    answers = dict(entries.filter(kind=Kind.ANSWER).values_list("call", "succeeded"))
    for number in sorted(n for n in intents - set(answers) if n is not None):
        if not _look_after(run, number, "the worker ended after it had announced the call"):
            return
        answers[number] = True
    if None in answers.values():
        run.finish(State.UNKNOWN, "what came of a call is not known")
    elif False in answers.values():
        run.finish(State.FAILED, "a call was refused")
    else:
        count, most = len(answers), len(run.operation.calls)
        state = State.DONE if count == most else State.STOPPED
        text = f"{count} of {most} calls made" + ("" if count == most else "; the worker ended")
        run.finish(state, text)
