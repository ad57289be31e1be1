"""Verify → score: whether it helped; who helps too seldom is suspended."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from chronos.normalise import Change
from chronos.record import record_change
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.errors import ConflictError, ForbiddenError
from opsportal.safety.leash import lock_guard
from opsportal.safety.models import JournalEntry, Operation, Suspension
from opsportal.safety.record import PORTAL, State, release_targets, tell_timeline, write_journal

# The last so many decide, once there are enough of them.
LAST, ENOUGH = 10, 5


def score_operation(
    operation_id: int, *, helped: bool, text: str, now: datetime
) -> Suspension | None:
    """Note whether it helped, and free its targets. The suspension, if it brought one about.

    Raises ConflictError when there is nothing to score.
    """
    with transaction.atomic():
        lock_guard()
        operation = Operation.objects.select_for_update().get(pk=operation_id)
        if operation.state != State.DONE or operation.score is not None:
            raise ConflictError(f"Operation {operation.pk} has nothing to score.")
        operation.score, operation.scored_at = float(helped), now
        operation.outcome = text[:1000]
        operation.save(update_fields=["score", "scored_at", "outcome"])
        release_targets(operation)
        deed = "helped" if helped else "did not help"
        kind = JournalEntry.Kind.NOTE
        write_journal(operation, kind, f"{deed}: {text}", now=now, succeeded=helped)
        tell_timeline(operation, deed, text, actor=PORTAL, now=now)
        return _suspend(operation.requester, operation.requested_by, now)


def success_rate(requester: str) -> tuple[int, int]:
    """Of the last ones since a suspension was lifted: how many helped, and of how many."""
    scored = Operation.objects.filter(requester=requester, score__isnull=False)
    lifted = Suspension.objects.filter(requester=requester, lifted_at__isnull=False).first()
    if lifted is not None:
        scored = scored.filter(scored_at__gt=lifted.lifted_at)
    scores = list(scored.order_by("-id").values_list("score", flat=True)[:LAST])
    return sum(1 for score in scores if score), len(scores)


def _suspend(requester: str, name: str, now: datetime) -> Suspension | None:
    helped, count = success_rate(requester)
    floor = settings.REMEDIATE_SUCCESS_FLOOR
    if count < ENOUGH or helped * 100 >= floor * count:
        return None
    if Suspension.objects.filter(requester=requester, lifted_at=None).exists():
        return None
    why = f"{helped} of the last {count} helped, less than {floor} %"
    suspension = Suspension.objects.create(requester=requester, name=name, since=now, why=why)
    _tell(suspension, "suspended", f"{name} was suspended: {why}", PORTAL, now)
    return suspension


def lift_suspension(suspension_id: int, *, actor: Actor, now: datetime) -> Suspension:
    """Let the requester begin anew. Raises ForbiddenError for keys, ConflictError."""
    if actor.key_id is not None:
        raise ForbiddenError("A key may not lift a suspension.")
    with transaction.atomic():
        suspension = Suspension.objects.select_for_update().get(pk=suspension_id)
        if suspension.lifted_at is not None:
            raise ConflictError(f"The suspension of {suspension.name} was lifted before.")
        suspension.lifted_at, suspension.lifted_by = now, actor.name[:200]
        suspension.save(update_fields=["lifted_at", "lifted_by"])
        record_audit(actor, "lift", suspension, now=now)
        text = f"{actor.name} lifted the suspension of {suspension.name}"
        _tell(suspension, "lifted", text, actor, now)
    return suspension


def _tell(suspension: Suspension, deed: str, summary: str, actor: Actor, now: datetime) -> None:
    change = Change(
        kind="suspension",
        action=deed,
        title=summary,
        actor=actor.name,
        started_at=now,
        ended_at=now,
        subject=suspension.requester,
    )
    record_change(change, now=now)
