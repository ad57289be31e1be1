"""What an operation leaves behind at each step: its state, the journal, the timeline."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from chronos.normalise import Change
from chronos.record import record_change
from opsportal.accounts.actors import Actor
from opsportal.safety.models import JournalEntry, Operation

State = Operation.State
# The portal itself, where no person and no key acts.
PORTAL = Actor("opsportal", None, None)
# In these nobody else may touch the targets; `done` until it is scored.
_HOLDING = frozenset(
    {State.PLANNED, State.WAITING, State.APPROVED, State.EXECUTING, State.DONE, State.UNKNOWN}
)
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def write_journal(
    operation: Operation,
    kind: str,
    text: str,
    *,
    now: datetime,
    call: int | None = None,
    succeeded: bool | None = None,
    details: Mapping[str, Any] = _NOTHING,
) -> JournalEntry:
    """Add an entry."""
    return JournalEntry.objects.create(
        operation=operation,
        kind=kind,
        call=call,
        at=now,
        succeeded=succeeded,
        text=text.replace("\0", "")[:4000],
        details=dict(details),
    )


def move_operation(
    operation: Operation, state: str, outcome: str = "", *, actor: Actor, now: datetime
) -> None:
    """Bring it into a state, in the caller's transaction; free its targets where it is over."""
    operation.state = state
    if outcome:
        operation.outcome = outcome.replace("\0", "")[:1000]
    if state not in _HOLDING or state == State.DONE:
        operation.finished_at = now
    operation.save()
    if state not in _HOLDING:
        release_targets(operation)
    label = operation.state_text
    text = f"{label}: {outcome}" if outcome else label
    write_journal(operation, JournalEntry.Kind.NOTE, text, now=now, details={"actor": actor.name})
    tell_timeline(operation, label, outcome, actor=actor, now=now)


def release_targets(operation: Operation) -> None:
    """Others may act on them again; what was not called was not acted on."""
    operation.target_rows.update(holds=False)
    if operation.state == State.SIMULATED:
        return
    called = operation.journal.filter(kind=JournalEntry.Kind.INTENT).values_list("call", flat=True)
    keys = {operation.calls[number]["target"] for number in called if number is not None}
    operation.target_rows.exclude(key__in=keys).update(acted_at=None)


def tell_timeline(
    operation: Operation, deed: str, text: str, *, actor: Actor, now: datetime
) -> None:
    """A change event of this step."""
    names = ", ".join(target["name"] for target in operation.targets) or "nothing"
    kind = deed.replace(" ", "_")
    record_change(
        Change(
            kind="operation",
            action=kind,
            title=f"{operation.plugin} on {names}: {deed}" + (f" ({text})" if text else ""),
            actor=actor.name,
            started_at=now,
            ended_at=now,
            source="opsportal",
            service=operation.place.get("service", ""),
            environment=operation.place.get("environment", ""),
            region=operation.place.get("region", ""),
            team=operation.team.name if operation.team else "",
            subject=f"safety.operation:{operation.pk}",
            labels={"plugin": operation.plugin, "about": operation.subject},
            data={
                "requested_by": operation.requested_by,
                "hash": operation.plan_hash,
                "targets": [target["key"] for target in operation.targets],
                "state": operation.state,
            },
        ),
        now=now,
    )
