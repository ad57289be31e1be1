"""The gateway is told how a document stands: its episode is opened, taken, hushed or ended."""

from datetime import datetime, timedelta
from typing import Any

from alerts.act import (
    acknowledge_alert,
    resolve_alert,
    snooze_alert,
    unacknowledge_alert,
    unsnooze_alert,
)
from alerts.alerta.follow import note_followed
from alerts.formats.alerta.alarm import ACK, OVER, SHELVED
from alerts.formats.alerta.body import PostedAlert
from alerts.formats.alerta.event import event_of
from alerts.models import Alert, AlertaAlert
from alerts.normalise import LONGEST_SNOOZE, Receipt
from alerts.receive import receive_alerts
from opsportal.accounts.actors import PORTAL, Actor

# What a receipt says that leaves no transition for a document to follow.
_NO_NEWS = ("repeated", "opened", "reopened")
_SEEN = ("status", "snoozed_until", "resolved_at", "expires_at", "suppressed", "team_id")


def lock_episode(document: AlertaAlert) -> Alert | None:
    """The document's last episode, locked; None when there is none."""
    rows = Alert.objects.select_for_update(of=("self",)).only(*_SEEN)
    found = rows.filter(pk=document.episode_id).order_by() if document.episode_id else ()
    episode = next(iter(found), None)
    document.episode = episode
    return episode


def tell_received(document: AlertaAlert, posted: PostedAlert, *, now: datetime) -> None:
    """An alert was received: the episode begins, goes on, or is over."""
    over = document.status in OVER
    before = document.episode
    if over and not _is_open(before):
        return
    receipt = _receive(document, now, posted)
    done = receipt.outcome not in _NO_NEWS
    if not over and (receipt.status != Alert.Status.FIRING or document.status in (ACK, SHELVED)):
        # What gets worse stays shelved, and no longer than it would have been.
        until = before.snoozed_until if before is not None and _is_open(before) else None
        done = _adjust(document, actor=PORTAL, note="", now=now, until=until) or done
    if done:
        note_followed(document)


def tell_asked(document: AlertaAlert, *, actor: Actor, note: str, now: datetime) -> bool:
    """An operator asked for it; whether anything was to be done."""
    episode = document.episode
    if document.status in OVER:
        if episode is None or not _is_open(episode):
            return False
        resolve_alert(episode.pk, actor=actor, now=now, note=note)
        note_followed(document)
        return True
    reopened = not _is_open(episode)
    if reopened:
        _receive(document, now)
    done = _adjust(document, actor=actor, note=note, now=now) or reopened
    note_followed(document)
    return done


def _is_open(episode: Alert | None) -> bool:
    return episode is not None and episode.resolved_at is None


def _receive(document: AlertaAlert, now: datetime, posted: PostedAlert | None = None) -> Receipt:
    [receipt] = receive_alerts([event_of(document, posted)], now=now)
    if receipt.alert_id is not None:
        document.episode_id = receipt.alert_id
    return receipt


def _adjust(
    document: AlertaAlert,
    *,
    actor: Actor,
    note: str,
    now: datetime,
    until: datetime | None = None,
) -> bool:
    """Have the open episode taken and hushed as the document says; whether it was otherwise."""
    episode = lock_episode(document)
    if episode is None:
        return False
    firing = episode.status == Alert.Status.FIRING
    hushed = episode.snoozed_until is not None
    shelved, taken = document.status == SHELVED, document.status == ACK
    asked: dict[str, Any] = {"actor": actor, "now": now, "note": note}
    done = False
    if hushed and not shelved:
        unsnooze_alert(episode.pk, **asked)
        done = True
    if taken and firing:
        acknowledge_alert(episode.pk, **asked)
        done = True
    if not (taken or shelved or firing):
        unacknowledge_alert(episode.pk, **asked)
        done = True
    if shelved and not hushed:
        least = now + timedelta(seconds=1)
        snooze_alert(
            episode.pk, max(until, least) if until else _shelve_until(document, now), **asked
        )
        done = True
    return done


def _shelve_until(document: AlertaAlert, now: datetime) -> datetime:
    """When the last shelving ends by itself, were it done now; a year is for ever."""
    for row in document.history:
        if row["type"] == "shelve" and row["timeout"]:
            return now + min(timedelta(seconds=row["timeout"]), LONGEST_SNOOZE)
    return now + LONGEST_SNOOZE
