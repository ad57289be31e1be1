"""Decide: who is told of a transition, by the policy, and why.

A batch deed: the number of queries is the same for one decision and for five hundred.

`Decision.reasons` is a list of what took part, each an object with the `version` that was asked,
`name` and `match`: `{rule, matched, actions: [text], stopped}`, `{subscription, actions: [text]}`,
`{silence, note}`, `{inhibition, alert, note}`; `{flapping, note}`, `{group, note}`, and `{note}`
where something else decided. What did not match is computed again when somebody wants to see it.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from alerts.hold import hold_decisions
from alerts.models import Decision
from alerts.route.batch import ENDS, open_batch
from alerts.route.ends import tell_end
from alerts.route.firing import decide_firing
from alerts.route.groups import join_groups, lock_groups
from alerts.route.write import write_batch
from opsportal.lib.deadlocks import start_over
from opsportal.lib.outbox import OutboxRow

__all__ = ["route_transitions"]


def route_transitions(decisions: Sequence[Decision], *, now: datetime) -> None:
    """Decide each, write what is to be done and the reasons, and mark the decisions done."""
    start_over(lambda: _route(decisions, now))
    for row in decisions:
        row.state = OutboxRow.State.DONE


def _route(decisions: Sequence[Decision], now: datetime) -> None:
    with transaction.atomic():
        held = hold_decisions(decisions)
        if not held:
            return
        batch = open_batch(held, now)
        for decision in held:
            if decision.kind not in ENDS:
                decide_firing(decision, batch)
        # Ends come last: what their groups hold is known for sure once those are locked.
        ends = [decision for decision in held if decision.kind in ENDS]
        lock_groups(ends, batch)
        for decision in ends:
            tell_end(decision, batch)
        join_groups(batch)
        write_batch(held, batch)
