"""A person's word on a plan: yes or no, to exactly the plan that they saw."""

from datetime import datetime

from django.db import transaction

from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.accounts.models import User
from opsportal.accounts.permissions import can_respond
from opsportal.lib.errors import ConflictError, ForbiddenError
from opsportal.safety.models import Approval, JournalEntry, Operation
from opsportal.safety.record import PORTAL, State, move_operation
from opsportal.safety.stop import NOT_BEGUN, read_stop

Verdict = Approval.Verdict


def approve_operation(
    operation_id: int, plan_hash: str, *, user: User | None, actor: Actor, now: datetime,
    note: str = "",
) -> Operation:  # fmt: skip
    """Agree to the plan of that hash. A key cannot: approval is for people.

    Raises ForbiddenError, ConflictError, Operation.DoesNotExist.
    """
    if user is None or actor.key_id is not None:
        raise ForbiddenError("Only a person may approve, not a key.")
    with transaction.atomic():
        operation = _waiting(operation_id, plan_hash, now)
        if not can_respond(user, operation.team_id):
            raise ForbiddenError("Only a responder of the team may approve this.")
        stopped = read_stop()
        if stopped is not None:
            raise ConflictError(f"It cannot be approved now: {stopped}.")
        _give_word(operation, Verdict.APPROVED, user, actor, now, note)
        move_operation(operation, State.APPROVED, f"by {actor.name}", actor=actor, now=now)
    return operation


def reject_operation(
    operation_id: int, plan_hash: str, *, user: User | None, actor: Actor, now: datetime,
    note: str = "",
) -> Operation:  # fmt: skip
    """Say no to it; the caller has looked whether they may. Raises ConflictError."""
    with transaction.atomic():
        operation = _waiting(operation_id, plan_hash, now)
        _give_word(operation, Verdict.REJECTED, user, actor, now, note)
        text = f"rejected by {actor.name}" + (f": {note}" if note else "")
        move_operation(operation, State.REFUSED, text, actor=actor, now=now)
    return operation


def settle_operation(operation_id: int, *, done: bool, actor: Actor, now: datetime) -> Operation:
    """A person has looked whether an unknown call was carried out, and says so."""
    with transaction.atomic():
        operation = Operation.objects.select_for_update().get(pk=operation_id)
        if operation.state != State.UNKNOWN:
            raise ConflictError(f"Operation {operation.pk} is {operation.state_text}.")
        text = f"{actor.name} looked: it was {'done' if done else 'not done'}"
        record_audit(actor, "settle", operation, after={"done": done}, now=now)
        state = State.DONE if done else State.FAILED
        move_operation(operation, state, text, actor=actor, now=now)
        operation.target_rows.update(holds=False)
    return operation


def withdraw_operation(operation_id: int, why: str, *, actor: Actor, now: datetime) -> Operation:
    """What has called nothing yet is no longer wanted."""
    with transaction.atomic():
        operation = Operation.objects.select_for_update().get(pk=operation_id)
        begun = operation.journal.filter(kind=JournalEntry.Kind.INTENT).exists()
        if operation.state in {*NOT_BEGUN, State.EXECUTING} and not begun:
            operation.run += 1
            move_operation(operation, State.STOPPED, why, actor=actor, now=now)
    return operation


def expire_operation(operation_id: int, *, now: datetime) -> Operation:
    """Its time is over, if it is."""
    with transaction.atomic():
        operation = Operation.objects.select_for_update().get(pk=operation_id)
        if operation.state in NOT_BEGUN and operation.expires_at <= now:
            move_operation(operation, State.EXPIRED, "not begun in time", actor=PORTAL, now=now)
    return operation


def _waiting(operation_id: int, plan_hash: str, now: datetime) -> Operation:
    operation = Operation.objects.select_for_update().get(pk=operation_id)
    if operation.state != State.WAITING:
        state = operation.state_text
        raise ConflictError(f"Operation {operation.pk} is {state}, not waiting for approval.")
    if operation.expires_at <= now:
        raise ConflictError(f"The plan of operation {operation.pk} has expired.")
    if operation.plan_hash != plan_hash:
        raise ConflictError(
            "The hash is not this plan's: read the plan again, and decide on what it says now."
        )
    return operation


def _give_word(
    operation: Operation,
    verdict: Approval.Verdict,
    user: User | None,
    actor: Actor,
    now: datetime,
    note: str,
) -> None:
    Approval.objects.create(
        operation=operation,
        verdict=verdict,
        plan_hash=operation.plan_hash,
        at=now,
        actor=actor.name[:200],
        user=user,
        note=note.replace("\0", "").strip()[:1000],
    )
    after = {"hash": operation.plan_hash, "note": note[:1000]}
    action = "approve" if verdict == Verdict.APPROVED else "reject"
    record_audit(actor, action, operation, after=after, now=now)
