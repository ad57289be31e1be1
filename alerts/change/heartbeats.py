"""Heartbeats are set up and removed here, by pages, API and files alike."""

import re
from datetime import datetime, timedelta

from django.db import transaction

from alerts.change.record import (
    State,
    check_columns,
    record_deleted,
    record_saved,
    save_row,
    team_name,
)
from alerts.models import Heartbeat
from alerts.normalise import RESOLVED, AlertEvent
from alerts.receive import receive_alerts
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import FieldError, PayloadError

# Of one segment of a URL.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@-]{0,99}")
SHORTEST_INTERVAL, LONGEST_INTERVAL = timedelta(seconds=5), timedelta(days=366)
LONGEST_GRACE = timedelta(days=31)
MOST_LABELS = 50
ALARMED = (Heartbeat.State.MISSING, Heartbeat.State.FAILED)


@transaction.atomic
def save_heartbeat(heartbeat: Heartbeat, *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed heartbeat; whether anything was different.

    It has a whole interval and its grace to be heard of. Raises PayloadError, ConflictError.
    """
    stored = Heartbeat.objects.select_for_update(of=("self",)).filter(pk=heartbeat.pk).first()
    if stored is not None:  # beats may have come since it was read
        for name in ("state", "last_seen_at", "due_at", "message"):
            setattr(heartbeat, name, getattr(stored, name))
    _check_heartbeat(heartbeat)
    before = heartbeat_state(stored) if stored else None
    after = heartbeat_state(heartbeat)
    if before == after:
        return False
    heartbeat.due_at = now + heartbeat.interval + heartbeat.grace
    silenced = stored is not None and stored.enabled and not heartbeat.enabled
    renamed = stored is not None and stored.name != heartbeat.name
    if stored is not None and (silenced or renamed) and stored.state in ALARMED:
        resolve_heartbeat(stored, now=now)
        heartbeat.state = Heartbeat.State.NEW
    save_row(heartbeat)
    record_saved(heartbeat, before, after, actor=actor, now=now)
    return True


@transaction.atomic
def delete_heartbeat(heartbeat: Heartbeat, *, actor: Actor, now: datetime) -> None:
    """Remove it; its alert is over."""
    record_deleted(heartbeat, heartbeat_state(heartbeat), actor=actor, now=now)
    if heartbeat.state in ALARMED:
        resolve_heartbeat(heartbeat, now=now)
    heartbeat.delete()


def heartbeat_state(heartbeat: Heartbeat) -> State:
    """What was set up of a heartbeat, for the trail."""
    return {
        "name": heartbeat.name,
        "interval": heartbeat.interval.total_seconds(),
        "grace": heartbeat.grace.total_seconds(),
        "severity": heartbeat.severity,
        "service": heartbeat.service,
        "environment": heartbeat.environment,
        "labels": dict(heartbeat.labels),
        "team": team_name(heartbeat.team),
        "enabled": heartbeat.enabled,
    }


def resolve_heartbeat(heartbeat: Heartbeat, *, now: datetime) -> None:
    """Its alert, if one is open, is over."""
    event = AlertEvent(
        name="HeartbeatMissing",
        dedup_key=heartbeat.dedup_key,
        status=RESOLVED,
        severity=heartbeat.severity,
        ends_at=now,
        team_id=heartbeat.team_id,
    )
    receive_alerts([event], now=now)


def _check_heartbeat(heartbeat: Heartbeat) -> None:
    errors = []
    if not NAME.fullmatch(heartbeat.name):
        message = "letters, digits and _ . : @ -, at most 100, the first a letter or digit"
        errors.append(FieldError("name", message))
    interval, grace = heartbeat.interval, heartbeat.grace
    if not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
        errors.append(FieldError("interval", "from 5 seconds to 366 days"))
    if not timedelta(0) <= grace <= LONGEST_GRACE:
        errors.append(FieldError("grace", "from 0 to 31 days"))
    labels = heartbeat.labels
    if not isinstance(labels, dict) or not all(
        _is_text(name, 200) and name and _is_text(value, 4096) for name, value in labels.items()
    ):
        errors.append(FieldError("labels", "names and values, both texts"))
    elif len(labels) > MOST_LABELS:
        errors.append(FieldError("labels", f"at most {MOST_LABELS}"))
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The heartbeat is not right: {text}", errors)
    check_columns(heartbeat)


def _is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most and "\0" not in value
