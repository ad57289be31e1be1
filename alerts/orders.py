"""Act: what a request asks for beside storing its events."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from alerts.act import ACTIONS, reword_alert
from alerts.hear import hear_topic
from alerts.models import Alert
from alerts.normalise import Acknowledge, Order, Respond, TopicNews
from chronos.normalise import Change
from chronos.record import record_change
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import OpsError

_DEEDS: Mapping[str, Callable[..., Alert]] = MappingProxyType({**ACTIONS, "reword": reword_alert})


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
            continue
        if isinstance(order, TopicNews):
            hear_topic(order, actor=actor, now=now)
            continue
        if isinstance(order, Acknowledge):
            order = Respond(  # noqa: PLW2901  (the same in other words)
                action="acknowledge", dedup_key=order.dedup_key, arguments={"note": order.note}
            )
        if (alert_id := _respond(order, actor, team_id, now)) is not None:
            concerned.append(alert_id)
    return concerned


def _respond(order: Respond, actor: Actor, team_id: int | None, now: datetime) -> int | None:
    """The alert; one that is not as the deed wants it, such as acknowledged already, stays so."""
    alert = _find(order)
    if alert is None or (team_id is not None and alert.team_id not in (None, team_id)):
        return None
    with suppress(OpsError):  # others share the transaction
        _DEEDS[order.action](alert.pk, actor=actor, now=now, **order.arguments)
    return alert.pk


def _find(order: Respond) -> Alert | None:
    alerts = Alert.objects.only("pk", "dedup_key", "team_id")
    if order.action != "note":  # which may be written to a past one
        alerts = alerts.filter(resolved_at=None)
    if order.alert_id is None:
        return alerts.filter(dedup_key=order.dedup_key).order_by("-id").first()
    found = alerts.filter(pk=order.alert_id).first()
    return found if found and found.dedup_key.startswith(order.within) else None
