"""Somebody asks for a collection now."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.ids import IdIn
from opsportal.lib.outbox import State
from security.collect.plan import ask_for
from security.models import CloudAccount, Collection, Scope

_PERSON = Collection.Reason.PERSON


def collect_now(
    account: CloudAccount, scopes: Sequence[Scope], *, actor: Actor, now: datetime
) -> int:
    """Ask for all of each, before what is only due; how many. What waits already is moved up."""
    if not scopes:
        return 0
    ids = [scope.pk for scope in scopes]
    with transaction.atomic():
        waiting = Collection.objects.filter(
            IdIn(ids, "scope_id"), targets=[], state=State.DUE, due_at__gt=now
        )
        waiting.update(due_at=now)
        Collection.objects.filter(IdIn(ids, "scope_id"), targets=[], state=State.DUE).update(
            rank=0, reason=_PERSON
        )
        ask_for(scopes, now=now, reason=_PERSON)
        places = sorted({f"{row.technology} {row.region}".strip() for row in scopes})
        record_audit(
            actor,
            "collect",
            account,
            after={"scopes": len(scopes), "technologies": places[:50]},
            now=now,
        )
    return len(scopes)
