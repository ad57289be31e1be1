"""Request → plan: targets and calls, looked at, frozen and hashed; or the reason why not."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from opsportal.accounts.actors import Actor
from opsportal.safety.brakes import check_brakes
from opsportal.safety.freeze import freeze, freeze_call, freeze_target, hash_plan
from opsportal.safety.leash import closed_locks, lock_guard
from opsportal.safety.limits import Limits, limits_of
from opsportal.safety.look import first_failure, guarded, look_at
from opsportal.safety.models import Operation, OperationTarget
from opsportal.safety.plugins import Check, Executor, Plan, Request
from opsportal.safety.record import State, move_operation
from opsportal.safety.stop import read_stop

_NOTHING = Plan((), ())
# Of what is refused before its limits are known.
DEFAULT_LIFETIME = timedelta(hours=1)


@dataclass(slots=True)
class _Draft:
    """What planning has come to; `state` where it is decided before the brakes are asked."""

    request: Request
    plan: Plan = _NOTHING
    checks: list[Check] = field(default_factory=list)
    limits: Limits | None = None
    state: str = ""
    outcome: str = ""


def plan_operation(
    request: Request, executor: type[Executor], *, actor: Actor, now: datetime
) -> Operation:
    """Plan it: planned, waiting for approval, refused or stopped. Changes nothing outside.

    A wish (its token) is planned once: asked again, the answer is the first plan.
    """
    known = Operation.objects.filter(token=request.token).first()
    return known or _store(_draft(request, executor), actor, now)


def _draft(request: Request, executor: type[Executor]) -> _Draft:
    """All that is looked at outside of the database."""
    draft = _Draft(request)
    stopped = read_stop()
    if stopped is not None:
        draft.state, draft.outcome = State.STOPPED, str(stopped)
        return draft
    limits = guarded(lambda: limits_of(request.parameters), "its limits are beyond the allowed")
    if isinstance(limits, str):
        draft.state, draft.outcome = State.REFUSED, limits
        return draft
    draft.limits = limits
    plan = guarded(lambda: _ask(executor, request), "no plan could be made")
    if isinstance(plan, str):
        draft.state, draft.outcome = State.REFUSED, plan
        return draft
    draft.plan = plan
    draft.checks = look_at(executor, plan.targets, request.parameters)
    return draft


def _ask(executor: type[Executor], request: Request) -> Plan:
    plan = executor.plan(request)
    keys = [target.key for target in plan.targets]
    if not keys or not plan.calls:
        raise ValueError("the plan is empty")
    if len(set(keys)) != len(keys) or {call.target for call in plan.calls} - set(keys):
        raise ValueError("the plan's calls and targets do not fit together")
    # What cannot be frozen is no plan.
    freeze([[asdict(found) for found in things] for things in (plan.targets, plan.calls)])
    return plan


def _store(draft: _Draft, actor: Actor, now: datetime) -> Operation:
    """Ask the brakes under the guard, and keep what came of it."""
    request, plan, limits = draft.request, draft.plan, draft.limits
    with transaction.atomic():
        lock_guard()
        known = Operation.objects.filter(token=request.token).first()
        if known is not None:
            return known
        why = (["the rule's dry_run"] if request.dry_run else []) + closed_locks(request.plugin)
        if limits is not None and plan.targets:
            draft.checks += check_brakes(
                request.requester, plan.targets, limits, earnest=not why, now=now
            )
        if not draft.state:
            _decide(draft)
        operation = _operation(request, plan, draft.checks, why, now)
        lifetime = limits.approve_within if limits else DEFAULT_LIFETIME
        operation.expires_at = now + lifetime
        operation.plan_hash = hash_plan(operation)
        operation.save()
        if draft.state in (State.PLANNED, State.WAITING):
            _hold(operation, plan)
        move_operation(operation, draft.state, draft.outcome, actor=actor, now=now)
    return operation


def _decide(draft: _Draft) -> None:
    stopped, failure = read_stop(), first_failure(draft.checks)
    if stopped is not None:
        draft.state, draft.outcome = State.STOPPED, str(stopped)
    elif failure:
        draft.state, draft.outcome = State.REFUSED, failure
    else:
        draft.state = State.WAITING if draft.request.needs_approval else State.PLANNED


def _operation(
    request: Request, plan: Plan, checks: Sequence[Check], why: Sequence[str], now: datetime
) -> Operation:
    return Operation(
        plugin=request.plugin,
        token=request.token,
        requester=request.requester[:200],
        requested_by=request.requested_by[:200],
        reason=request.reason[:500],
        subject=request.subject[:200],
        page=request.page[:200],
        team_id=request.team_id,
        place=freeze(dict(request.place)),
        parameters=freeze(dict(request.parameters)),
        targets=[freeze_target(target) for target in plan.targets],
        calls=[freeze_call(call) for call in plan.calls],
        checks=[asdict(check) for check in checks],
        needs_approval=request.needs_approval,
        dry_run=bool(why),
        dry_run_why=", ".join(why)[:300],
        created_at=now,
    )


def _hold(operation: Operation, plan: Plan) -> None:
    """Nothing else may be planned for these targets; the caller holds the guard."""
    OperationTarget.objects.bulk_create(
        OperationTarget(
            operation=operation,
            key=target.key,
            requester=operation.requester,
            fleet=target.fleet,
            pool=target.pool,
            group=target.group,
        )
        for target in plan.targets
    )
