"""What an alert did not say when it was raised, and its sender knows by now."""

from collections.abc import Sequence

from django.db.models import Q

from alerts.models import Alert
from alerts.normalise import FIRING, AlertEvent
from opsportal.lib.ids import IdIn

_TEXTS = ("service", "environment", "region", "resource")


def complete_alerts(events: Sequence[AlertEvent]) -> int:
    """Fill in what is empty on open alerts; what is there, or was set by a rule, stays.

    In the caller's transaction, before the events are received: what is decided about them then
    knows it. How many alerts.
    """
    told = {event.dedup_key: event for event in events if event.status == FIRING}
    lacks = Q(team=None)
    for name in _TEXTS:
        lacks |= Q(**{name: ""})
    rows = Alert.objects.select_for_update(of=("self",)).filter(
        lacks, IdIn(sorted(told), "dedup_key"), resolved_at=None
    )
    completed = 0
    for row in rows.only("dedup_key", "team_id", *_TEXTS).order_by("dedup_key"):
        event = told[row.dedup_key]
        known: dict[str, str | int] = {
            name: value
            for name in _TEXTS
            if not getattr(row, name) and (value := getattr(event, name))
        }
        if row.team_id is None and event.team_id is not None:
            known["team_id"] = event.team_id
        if known:
            completed += Alert.objects.filter(pk=row.pk).update(**known)
    return completed
