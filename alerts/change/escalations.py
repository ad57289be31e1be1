"""Escalation policies are changed here, by pages, API and files alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Prefetch

from alerts.change.record import (
    State,
    check_columns,
    record_deleted,
    record_saved,
    save_row,
    team_name,
)
from alerts.models import EscalationPolicy, EscalationStep, EscalationTarget
from opsportal.accounts.actors import Actor
from opsportal.lib.durations import write_duration
from opsportal.lib.errors import FieldError, PayloadError

MOST_STEPS, MOST_TARGETS = 20, 50
LONGEST_WAIT = timedelta(days=7)
SHORTEST_REPEAT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class StepDraft:
    """A step as it shall be; its targets are not stored yet."""

    delay: timedelta
    targets: Sequence[EscalationTarget] = field(default_factory=tuple)


def save_policy(
    policy: EscalationPolicy,
    steps: Sequence[StepDraft] | None = None,
    *,
    actor: Actor,
    now: datetime,
) -> bool:
    """Store a new or changed policy; whether anything was different.

    `steps`, in their order, replace those it has; None leaves them alone. Walks that are under
    way go on by the new steps. Raises PayloadError, ConflictError.
    """
    with transaction.atomic():
        locked = EscalationPolicy.objects.select_for_update(of=("self",)).filter(pk=policy.pk)
        stored = locked.first()
        old = step_drafts(stored) if stored else []
        new = old if steps is None else list(steps)
        _check_policy(policy)
        _check_steps(new)
        before = policy_state(stored, old) if stored else None
        after = policy_state(policy, new)
        if before == after:
            return False
        save_row(policy)
        if before is None or before["steps"] != after["steps"]:
            _replace_steps(policy, new)
        record_saved(policy, before, after, actor=actor, now=now)
    return True


def delete_policy(policy: EscalationPolicy, *, actor: Actor, now: datetime) -> None:
    """Remove a policy; pages of its team go to all members at once then."""
    with transaction.atomic():
        state = policy_state(policy, step_drafts(policy))
        record_deleted(policy, state, actor=actor, now=now)
        policy.delete()


def step_drafts(policy: EscalationPolicy) -> list[StepDraft]:
    """The steps that a policy has."""
    targets = EscalationTarget.objects.select_related("schedule", "user", "channel", "team")
    steps = policy.steps.prefetch_related(Prefetch("targets", targets.order_by("position", "pk")))
    return [
        StepDraft(step.delay, tuple(step.targets.all()))
        for step in steps.order_by("position", "pk")
    ]


def policy_state(policy: EscalationPolicy, steps: Sequence[StepDraft]) -> State:
    """A policy with its steps, for the trail."""
    return {
        "name": policy.name,
        "team": team_name(policy.team),
        "repeat": policy.repeat,
        "repeat_after": write_duration(policy.repeat_after),
        "enabled": policy.enabled,
        "steps": [
            {
                "delay": write_duration(step.delay),
                "notify": [dict([target.named]) for target in step.targets],
            }
            for step in steps
        ],
    }


def _check_policy(policy: EscalationPolicy) -> None:
    errors = []
    if not 0 <= policy.repeat <= 9:
        errors.append(FieldError("repeat", "from 0 to 9"))
    if not SHORTEST_REPEAT <= policy.repeat_after <= LONGEST_WAIT:
        errors.append(FieldError("repeat_after", "from 1s to 7d"))
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The escalation policy is not right: {text}", errors)
    check_columns(policy)


def _check_steps(steps: Sequence[StepDraft]) -> None:
    errors = []
    if not 1 <= len(steps) <= MOST_STEPS:
        errors.append(FieldError("steps", f"from 1 to {MOST_STEPS} steps"))
    for number, step in enumerate(steps):
        if not timedelta(0) <= step.delay <= LONGEST_WAIT:
            errors.append(FieldError(f"steps.{number}.delay", "from 0s to 7d"))
        if not 1 <= len(step.targets) <= MOST_TARGETS:
            message = f"from 1 to {MOST_TARGETS} whom the step tells"
            errors.append(FieldError(f"steps.{number}.notify", message))
        elif any(not target.named[0] for target in step.targets):
            errors.append(FieldError(f"steps.{number}.notify", "somebody who is not there"))
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The policy's steps are not right: {text}", errors)


def _replace_steps(policy: EscalationPolicy, drafts: Sequence[StepDraft]) -> None:
    policy.steps.all().delete()
    for position, draft in enumerate(drafts):
        step = EscalationStep.objects.create(policy=policy, position=position, delay=draft.delay)
        EscalationTarget.objects.bulk_create(
            EscalationTarget(
                step=step,
                position=place,
                schedule=target.schedule,
                user=target.user,
                channel=target.channel,
                team=target.team,
            )
            for place, target in enumerate(draft.targets)
        )
