"""Store: a change is put as somebody says it is, whatever was reported before."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from chronos.fold import digest
from chronos.models import ChangeEvent, EventKey
from chronos.normalise import Change, ChangeReceipt
from chronos.record import RECORDED, REPEATED, record_changes
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import audit_state, difference, record_audit
from opsportal.lib.deadlocks import start_over


def put_change(
    change: Change, named: Collection[str], *, actor: Actor, now: datetime
) -> ChangeReceipt:
    """Record the change of that source and id, or correct what is named of it; audited."""
    return start_over(lambda: _put(change, named, actor, now))


def find_change(source: str, external_id: str) -> ChangeEvent | None:
    """The change of that source and id."""
    key = digest(source, "id", external_id)
    event_id = EventKey.objects.filter(pk=key).values_list("event_id", flat=True).first()
    return None if event_id is None else ChangeEvent.objects.filter(pk=event_id).first()


def _put(change: Change, named: Collection[str], actor: Actor, now: datetime) -> ChangeReceipt:
    with transaction.atomic():
        known = find_change(change.source, change.external_id)
        before = audit_state(known) if known else {}
        receipt = record_changes([change], now=now, named=named)[0]
        if receipt.outcome != REPEATED:
            event = ChangeEvent.objects.get(pk=receipt.event_id)
            deed = "create" if receipt.outcome == RECORDED else "change"
            old, new = difference(before, audit_state(event))
            record_audit(actor, deed, event, before=old, after=new, now=now)
    return receipt
