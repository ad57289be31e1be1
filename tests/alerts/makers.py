"""Rows for the tests of routing and delivery."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from alerts.models import (
    Alert,
    AlertGroup,
    Channel,
    Decision,
    Notification,
    Rule,
    RuleAction,
    Silence,
    Transition,
)
from opsportal.accounts.actors import Actor
from opsportal.lib.outbox import claim_due

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
JO = Actor("jo", None, None)
_numbers = count(1)


def make_alert(**values) -> Alert:
    number = next(_numbers)
    severity = values.pop("severity", "warning")
    defaults = {
        "dedup_key": f"key-{number}",
        "name": "DiskFull",
        "severity": severity,
        "received_severity": severity,
        "summary": "Disk is full",
        "service": "billing",
        "content_hash": "0" * 16,
        "starts_at": NOW,
        "received_at": NOW,
        "last_received_at": NOW,
    }
    return Alert.objects.create(**defaults | values)


def make_transition(alert: Alert, kind: str = "opened", after: str | None = None) -> Transition:
    return Transition.objects.create(
        alert=alert, kind=kind, at=NOW, after=alert.severity if after is None else after
    )


def make_decision(alert: Alert, kind: str = "opened", after: str | None = None) -> Decision:
    return Decision.objects.create(transition=make_transition(alert, kind, after), due_at=NOW)


def make_channel(name: str = "ops", kind: str = "email", **values) -> Channel:
    settings = values.pop("settings", {"to": ["ops@example.org"]})
    return Channel.objects.create(name=name, kind=kind, settings=settings, **values)


def make_rule(name: str, match: str = "", *actions, **values) -> Rule:
    """Actions: a channel to notify, `("suppress", reason)` or `("set", field, value)`."""
    rule = Rule.objects.create(name=name, match=match, **values)
    for position, action in enumerate(actions):
        made = RuleAction(rule=rule, position=position)
        if isinstance(action, Channel):
            made.kind, made.channel = "notify", action
        elif action[0] == "suppress":
            made.kind, made.value = "suppress", action[1]
        else:
            made.kind, made.field, made.value = action
        made.save()
    return rule


def make_notification(
    alert: Alert, channel: Channel, kind: str = "opened", about: str = "", **values
) -> Notification:
    about = about or ("resolved" if kind in ("resolved", "expired") else alert.severity)
    defaults = {"created_at": NOW, "due_at": NOW}
    return Notification.objects.create(
        alert=alert,
        channel=channel,
        transition=make_transition(alert, kind),
        about=about,
        **defaults | values,
    )


def claim(outbox, now: datetime = NOW, limit: int = 1000) -> list[Any]:
    return claim_due(outbox, now, limit)


def later(**amount) -> datetime:
    return NOW + timedelta(**amount)


def make_group(channel: Channel, **values) -> AlertGroup:
    """A group whose next message is due."""
    defaults = {
        "key": f"group-{next(_numbers)}",
        "labels": {"service": "billing"},
        "interval": timedelta(minutes=5),
        "opened_at": NOW,
        "due_at": NOW,
    }
    return AlertGroup.objects.create(channel=channel, **defaults | values)


def hold_in(group: AlertGroup, alert: Alert, kind: str = "opened", **values) -> Notification:
    """As the router tells a group."""
    held = make_notification(alert, group.channel, kind, group=group, state="held", **values)
    AlertGroup.objects.filter(pk=group.pk, state="done").update(state="due")
    return held


def end(alert: Alert, at: datetime = NOW) -> None:
    Alert.objects.filter(pk=alert.pk).update(status="resolved", resolved_at=at)
    alert.refresh_from_db()


def make_silence(match: str = '{service="billing"}', **values) -> Silence:
    defaults = {"starts_at": NOW, "ends_at": later(hours=1), "comment": "upgrade", "author": "jo"}
    return Silence.objects.create(match=match, **defaults | values)
