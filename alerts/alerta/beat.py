"""Heartbeats of Alerta are the portal's: who falls silent raises an alert here by itself."""

import re
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction

from alerts.change.heartbeats import (
    LONGEST_INTERVAL,
    SHORTEST_INTERVAL,
    delete_heartbeat,
    save_heartbeat,
)
from alerts.formats.alerta.alarm import OURS
from alerts.formats.alerta.body import PostedAlert, PostedBeat
from alerts.formats.alerta.write import to_millisecond
from alerts.heartbeat import Beat, hear_beat
from alerts.models import AlertaHeartbeat, Heartbeat
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import ForbiddenError
from opsportal.lib.turns import take_turn

_UNNAMABLE = re.compile(r"[^A-Za-z0-9_.:@-]")
_LONGEST_NAME = 80
_DEFAULT_SEVERITY = "major"


def hear_beat_of(
    posted: PostedAlert, *, actor: Actor, team_id: int | None, now: datetime
) -> AlertaHeartbeat:
    """An alert of the event `Heartbeat` is one; see alerta/plugins/heartbeat.py."""
    beat = PostedBeat(
        origin=posted.origin,
        tags=posted.tags,
        attributes={
            "environment": posted.environment,
            "severity": posted.severity,
            "service": posted.service,
            "group": posted.group,
        },
        created_at=None,
        timeout=posted.timeout,
        customer=posted.customer,
    )
    return hear_posted(beat, actor=actor, team_id=team_id, now=now)


@transaction.atomic
def hear_posted(
    posted: PostedBeat, *, actor: Actor, team_id: int | None, now: datetime
) -> AlertaHeartbeat:
    """It is alive; an unknown one is set up. Raises ForbiddenError."""
    take_turn(f"alerta beat {posted.customer} {posted.origin}")
    rows = AlertaHeartbeat.objects.select_related("heartbeat__team")
    beat = rows.filter(origin=posted.origin, customer=posted.customer).first()
    if beat is None:
        beat = AlertaHeartbeat(origin=posted.origin, customer=posted.customer)
        beat.heartbeat = _named(posted, team_id)
    owner = beat.heartbeat.team_id
    if team_id is not None and owner not in (None, team_id):
        raise ForbiddenError("This heartbeat is another team's.")
    asked = (posted.timeout, posted.attributes)
    if beat._state.adding or (beat.timeout, beat.attributes) != asked:
        _set_up(beat.heartbeat, posted)
        save_heartbeat(beat.heartbeat, actor=actor, now=now)
    hear_beat(Beat(beat.heartbeat.name, team_id=team_id), actor=actor, now=now)
    beat.timeout, beat.attributes = asked
    beat.tags = posted.tags
    beat.received_at = to_millisecond(now)
    beat.created_at = posted.created_at or beat.received_at
    beat.save()
    return beat


@transaction.atomic
def forget_beat(beat: AlertaHeartbeat, *, actor: Actor, now: datetime) -> None:
    """It is watched no longer."""
    delete_heartbeat(beat.heartbeat, actor=actor, now=now)


def heartbeat_name(origin: str, customer: str) -> str:
    """Ours, which is part of URLs, for an origin such as `backup/web1`; no two are the same."""
    plain = _UNNAMABLE.sub("-", origin)[:_LONGEST_NAME]
    if plain != origin or customer:
        plain += "-" + sha256(f"{customer}\n{origin}".encode()).hexdigest()[:8]
    return f"alerta:{plain}"


def _named(posted: PostedBeat, team_id: int | None) -> Heartbeat:
    name = heartbeat_name(posted.origin, posted.customer)
    found = Heartbeat.objects.select_related("team").filter(name=name).first()
    return found or Heartbeat(name=name, team_id=team_id)


def _set_up(heartbeat: Heartbeat, posted: PostedBeat) -> None:
    interval = timedelta(seconds=posted.timeout)
    heartbeat.interval = min(max(interval, SHORTEST_INTERVAL), LONGEST_INTERVAL)
    heartbeat.grace = timedelta(0)
    about = posted.attributes
    severity = about.get("severity")
    known = severity if isinstance(severity, str) and severity in OURS else _DEFAULT_SEVERITY
    heartbeat.severity = OURS[known]
    heartbeat.environment = _text(about.get("environment"))[:100]
    heartbeat.service = _text(about.get("service"))[:200]
    labels = {"origin": posted.origin, "customer": posted.customer}
    labels["group"] = _text(about.get("group"))[:200]
    heartbeat.labels = {name: text for name, text in labels.items() if text}


def _text(value: Any) -> str:
    """A text, or the first of several."""
    if isinstance(value, list):
        value = next(iter(value), "")
    return value if isinstance(value, str) else ""
