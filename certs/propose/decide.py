"""Somebody's word on proposals."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from certs.models import Proposal
from certs.propose.enlist import enlist
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audits
from opsportal.lib.ids import IdIn


def accept_proposals(proposals: Sequence[Proposal], *, actor: Actor, now: datetime) -> int:
    """Watch them from now on, also what was refused before; how many."""
    return _decide(proposals, Proposal.State.ACCEPTED, actor, now)


def refuse_proposals(proposals: Sequence[Proposal], *, actor: Actor, now: datetime) -> int:
    """Never propose them again; how many. What is watched already stays watched."""
    return _decide(proposals, Proposal.State.REFUSED, actor, now)


def _decide(
    proposals: Sequence[Proposal], state: Proposal.State, actor: Actor, now: datetime
) -> int:
    ids = [row.pk for row in proposals]
    with transaction.atomic():
        rows = list(
            Proposal.objects.select_for_update(of=("self",))
            .select_related("domain")
            .filter(IdIn(ids))
            .exclude(state__in=(state, Proposal.State.ACCEPTED))
            .order_by("pk")
        )
        before = [{"state": row.state} for row in rows]
        for row in rows:
            row.state, row.decided_by, row.decided_at = state, actor.name[:200], now
        Proposal.objects.bulk_update(rows, ["state", "decided_by", "decided_at"], batch_size=500)
        if state == Proposal.State.ACCEPTED:
            enlist(rows, now=now)
        word = "accept" if state == Proposal.State.ACCEPTED else "refuse"
        record_audits(
            actor,
            word,
            [(row, was, {"state": str(state)}) for row, was in zip(rows, before, strict=True)],
            now=now,
        )
    return len(rows)
