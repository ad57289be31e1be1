"""Act: walk each wish of a rule from plan to score; `opsportal/safety` has the brakes.

A row comes due for its next step: plan, execute, look whether it helped. Nothing here waits.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from alerts.models import Alert, Remediation, RuleAction, Transition
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import User
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow, bury, finish, postpone
from opsportal.lib.registry import plugin
from opsportal.safety.approve import (
    approve_operation,
    expire_operation,
    reject_operation,
    settle_operation,
    withdraw_operation,
)
from opsportal.safety.execute import execute_operation
from opsportal.safety.freeze import thaw_calls, thaw_targets
from opsportal.safety.limits import limits_of
from opsportal.safety.look import see
from opsportal.safety.models import Operation, Suspension
from opsportal.safety.plan import plan_operation
from opsportal.safety.plugins import Executor, Request
from opsportal.safety.score import score_operation

State = Operation.State
# A plan that waits for a person is looked at so often: the switch may have been pulled.
WAIT = timedelta(seconds=30)
# How often is looked whether it helped.
LOOK = timedelta(seconds=15)
_BEGINS = (State.PLANNED, State.APPROVED, State.EXECUTING)


def remediate_alerts(rows: Sequence[Remediation], *, now: datetime) -> None:
    """Take each a step further; what there is to do later comes due later."""
    for row in rows:
        _step(row, now)


def _step(row: Remediation, now: datetime) -> None:
    try:
        executor: type[Executor] = plugin("REMEDIATIONS", row.plugin)
    except LookupError as error:
        _report(row, "refused", str(error), actor=_actor(row), now=now)
        bury(row, str(error), now)
        return
    operation = row.operation
    if operation is None:
        objection = _objection(row)
        if objection:
            _report(row, "refused", objection, actor=_actor(row), now=now)
            finish(row, now)
            return
        operation = _plan(row, executor, now)
    if operation.state == State.WAITING and operation.expires_at <= now:
        operation = expire_operation(operation.pk, now=now)
    if operation.state in _BEGINS or operation.state == State.WAITING:
        operation = _withdraw(row, operation, now)
    if operation.state in _BEGINS:
        operation = execute_operation(operation.pk, executor, actor=_actor(row), now=now)
    _report_state(row, operation, actor=_actor(row), now=now)
    if operation.state == State.WAITING:
        postpone(row, now, min(WAIT, operation.expires_at - now))
    elif operation.state == State.DONE and operation.score is None and _was_called(operation):
        _look(row, operation, executor, now)
    else:
        finish(row, now)


def _objection(row: Remediation) -> str:
    """Why it is not even planned."""
    alert = Alert.objects.select_related("team").get(pk=row.alert_id)
    if alert.resolved_at is not None:
        return "the alert is over"
    if row.rule is None or not row.rule.enabled:
        return "the rule is gone or disabled"
    asked = row.rule.actions.filter(kind=RuleAction.Kind.REMEDIATE, value=row.plugin)
    words = list(asked.values_list("dry_run", "approval"))
    if not words:
        return "the rule no longer asks for it"
    if not row.dry_run and all(dry_run for dry_run, _ in words):
        return "the rule only simulates by now"
    unasked = row.approval == RuleAction.Approval.NONE
    if unasked and all(approval != RuleAction.Approval.NONE for _, approval in words):
        return "the rule asks for approval by now"
    if row.rule.team_id is not None and alert.team_id not in {None, row.rule.team_id}:
        return f"the alert is team {alert.team}'s, the rule is not"
    return ""


def _withdraw(row: Remediation, operation: Operation, now: datetime) -> Operation:
    """What has not begun is not begun for an alert that is over, nor for a rule that is gone."""
    objection = _objection(row)
    if not objection:
        return operation
    return withdraw_operation(operation.pk, objection, actor=_actor(row), now=now)


def _plan(row: Remediation, executor: type[Executor], now: datetime) -> Operation:
    alert, rule = row.alert, row.rule
    requester = f"alerts.rule:{row.rule_id}"
    request = Request(
        plugin=row.plugin,
        token=f"alerts.remediation:{row.pk}",
        requester=requester,
        requested_by=f"rule {rule.name}" if rule else requester,
        subject=f"alerts.alert:{alert.pk}",
        page=row.get_absolute_url(),
        reason=str(alert)[:500],
        team_id=alert.team_id or (rule.team_id if rule else None),
        owner_id=rule.team_id if rule else None,
        facts={
            "name": alert.name,
            "severity": alert.severity,
            "summary": alert.summary,
            "dedup_key": alert.dedup_key,
            "resource": alert.resource,
            "service": alert.service,
            "environment": alert.environment,
            "region": alert.region,
            "labels": alert.labels,
        },
        place={
            "service": alert.service,
            "environment": alert.environment,
            "region": alert.region,
        },
        parameters=row.parameters,
        dry_run=row.dry_run,
        needs_approval=row.approval != RuleAction.Approval.NONE,
    )
    operation = plan_operation(request, executor, actor=_actor(row), now=now)
    row.operation = operation
    row.save(update_fields=["operation"])
    _report_state(row, operation, actor=_actor(row), now=now)
    return operation


def _look(row: Remediation, operation: Operation, executor: type[Executor], now: datetime) -> None:
    """Whether it helped: the target is well, and the alert cleared in time."""
    started_at = operation.started_at or now
    deadline = started_at + _clear_within(operation)
    targets = thaw_targets(operation)
    seen = [see(executor, call, targets[call.target]) for call in thaw_calls(operation)]
    well = all(found.state == "done" for found in seen)
    cleared = _cleared(row.alert_id, started_at)
    if not (well and cleared) and now < deadline:
        postpone(row, now, min(LOOK, deadline - now))
        return
    text = ("the alert cleared" if cleared else "the alert did not clear in time") + "; "
    text += ", ".join(dict.fromkeys(found.text for found in seen))
    score_operation(operation.pk, helped=well and cleared, text=text, now=now)
    done = "cleared" if well and cleared else "not cleared"
    _report(row, done, text, actor=_actor(row), now=now)
    _tell_of_suspension(row, now)
    finish(row, now)


def _was_called(operation: Operation) -> bool:
    """Not where a person settled what nobody knew: there is no moment to measure from."""
    return operation.target_rows.filter(holds=True).exists()


def _clear_within(operation: Operation) -> timedelta:
    try:
        return limits_of(operation.parameters).clear_within
    except ValueError:  # the settings have become stricter meanwhile
        return timedelta(minutes=10)


def _cleared(alert_id: int, since: datetime) -> bool:
    """Whether its sender or a person ended it; that nothing was heard of it proves nothing."""
    ended = Transition.objects.filter(alert=alert_id, kind=Transition.Kind.RESOLVED, at__gte=since)
    return Alert.objects.filter(pk=alert_id, resolved_at__gte=since).exists() and ended.exists()


def _tell_of_suspension(row: Remediation, now: datetime) -> None:
    """An alert about ourselves, when this was the one too many."""
    requester = f"alerts.rule:{row.rule_id}"
    suspension = Suspension.objects.filter(requester=requester, lifted_at=None).first()
    if suspension is None or row.rule is None:
        return
    event = AlertEvent(
        name="RemediationSuspended",
        dedup_key=f"opsportal:remediation:{requester}",
        severity="high",
        summary=f"Remediations of the rule {row.rule.name} are suspended: {suspension.why}"[:1024],
        source="opsportal",
        service="opsportal",
        labels={"rule": row.rule.name, "plugin": row.plugin},
        team_id=row.rule.team_id,
        starts_at=now,
    )
    receive_alerts([event], now=now)


def approve_remediation(
    remediation: Remediation, plan_hash: str, *, user: User | None, actor: Actor, now: datetime,
    note: str = "",
) -> None:  # fmt: skip
    """A person agrees to the plan of that hash. Raises ConflictError, ForbiddenError."""
    with transaction.atomic():
        operation = approve_operation(
            remediation.operation_id or 0, plan_hash, user=user, actor=actor, now=now, note=note
        )
        _go_on(remediation, operation, note, actor, now)


def reject_remediation(
    remediation: Remediation, plan_hash: str, *, user: User | None, actor: Actor, now: datetime,
    note: str = "",
) -> None:  # fmt: skip
    """A person or key says no to the plan of that hash. Raises ConflictError."""
    with transaction.atomic():
        operation = reject_operation(
            remediation.operation_id or 0, plan_hash, user=user, actor=actor, now=now, note=note
        )
        _go_on(remediation, operation, note, actor, now)


def settle_remediation(
    remediation: Remediation, *, done: bool, actor: Actor, now: datetime
) -> None:
    """A person has looked whether it was carried out. Raises ConflictError."""
    with transaction.atomic():
        operation = settle_operation(remediation.operation_id or 0, done=done, actor=actor, now=now)
        _go_on(remediation, operation, "", actor, now)


def _go_on(row: Remediation, operation: Operation, note: str, actor: Actor, now: datetime) -> None:
    row.operation = operation
    _report_state(row, operation, actor=actor, now=now, note=note)
    Remediation.objects.filter(pk=row.pk, state=OutboxRow.State.DUE).update(due_at=now)
    nudge("alerts.remediations")


def _actor(row: Remediation) -> Actor:
    return Actor(f"rule {row.rule.name}" if row.rule else "opsportal", None, None)


def _report_state(
    row: Remediation, operation: Operation, *, actor: Actor, now: datetime, note: str = ""
) -> None:
    row.operation = operation
    text = operation.outcome
    if operation.state in {State.PLANNED, State.WAITING}:
        names = ", ".join(target["name"] for target in operation.targets)
        text = f"{row.plugin} on {names}"
    _report(
        row,
        operation.state_text,
        f"{text}: {note}" if note else text,
        actor=actor,
        now=now,
    )


def _report(row: Remediation, step: str, note: str, *, actor: Actor, now: datetime) -> None:
    """Into the alert's story, each step once."""
    if row.reported == step[:20]:
        return
    with transaction.atomic():
        Transition.objects.create(
            alert_id=row.alert_id,
            kind=Transition.Kind.REMEDIATED,
            at=now,
            before=row.reported,
            after=step,
            note=note,
            actor=actor.name[:200],
            user_id=actor.user_id,
            key_id=actor.key_id,
        )
        row.reported = step[:20]
        row.save(update_fields=["reported"])
