"""Act: what a request asks for beside storing its events."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType

from alerts.act import ACTIONS, reword_alert
from alerts.alerta.receive import receive_post
from alerts.formats.alerta.body import PostedAlert
from alerts.hear import hear_topic
from alerts.models import Alert
from alerts.normalise import Order, Respond, TopicNews
from opsportal.accounts.actors import Actor
from opsportal.lib.contracts import Reply
from opsportal.lib.errors import OpsError

_DEEDS: Mapping[str, Callable[..., Alert]] = MappingProxyType({**ACTIONS, "reword": reword_alert})


def carry_out(
    orders: Sequence[Order], *, actor: Actor, team_id: int | None, now: datetime
) -> tuple[list[int], Reply | None]:
    """Do them in their order, in the caller's transaction.

    The ids of the alerts concerned; and the answer, where only whoever does it knows that. A team's
    sender has a say in alerts of its team and of none.
    """
    concerned: list[int] = []
    reply = None
    for order in orders:
        ids: list[int] = []
        match order:
            case PostedAlert():
                ids, reply = receive_post(order, actor=actor, team_id=team_id, now=now)
            case TopicNews():
                hear_topic(order, actor=actor, now=now)
            case Respond():
                ids = _respond(order, actor, team_id, now)
        concerned += ids
    return concerned, reply


def _respond(order: Respond, actor: Actor, team_id: int | None, now: datetime) -> list[int]:
    """The alert, if it is there; not as the deed wants it, as when it is taken, it stays so."""
    alert = _find(order)
    if alert is None or (team_id is not None and alert.team_id not in (None, team_id)):
        return []
    with suppress(OpsError):  # others share the transaction
        _DEEDS[order.action](alert.pk, actor=actor, now=now, **order.arguments)
    return [alert.pk]


def _find(order: Respond) -> Alert | None:
    alerts = Alert.objects.only("pk", "dedup_key", "team_id")
    if order.action != "note":  # which may be written to a past one
        alerts = alerts.filter(resolved_at=None)
    if order.alert_id is None:
        return alerts.filter(dedup_key=order.dedup_key).order_by("-id").first()
    found = alerts.filter(pk=order.alert_id).first()
    return found if found and found.dedup_key.startswith(order.within) else None
