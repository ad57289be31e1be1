"""Act: what a request asks for beside storing its events."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from alerts.act import acknowledge_alert
from alerts.hear import hear_topic
from alerts.models import Alert
from alerts.normalise import Acknowledge, Order, TopicNews
from chronos.normalise import Change
from chronos.record import record_change
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import ConflictError


def carry_out(
    orders: Sequence[Order], *, actor: Actor, team_id: int | None, now: datetime
) -> list[int]:
    """Do them in their order, in the caller's transaction; the ids of the alerts concerned.

    A team's sender has a say in alerts of its team and of none. A change of no actor is the
    sender's.
    """
    concerned = []
    for order in orders:
        if isinstance(order, Change):
            record_change(replace(order, actor=order.actor or actor.name), now=now)
        elif isinstance(order, TopicNews):
            hear_topic(order, actor=actor, now=now)
        elif (alert_id := _acknowledge(order, actor, team_id, now)) is not None:
            concerned.append(alert_id)
    return concerned


def _acknowledge(
    order: Acknowledge, actor: Actor, team_id: int | None, now: datetime
) -> int | None:
    """The alert; one that is not open, or acknowledged already, stays as it is."""
    alert = Alert.objects.filter(dedup_key=order.dedup_key, resolved_at=None).first()
    if alert is None or (team_id is not None and alert.team_id not in (None, team_id)):
        return None
    with suppress(ConflictError):
        acknowledge_alert(alert.pk, actor=actor, now=now, note=order.note)
    return alert.pk
