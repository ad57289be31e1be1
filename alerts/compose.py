"""From a notification to the message that its channel sends."""

import secrets
from datetime import datetime

from django.conf import settings

from alerts.channels import Message
from alerts.models import Alert, Channel, Notification
from alerts.normalise import SEVERITY_RANK, Link, alert_url


def compose_message(notification: Notification, thread_key: str) -> Message:
    """The message; alert, team and transition must have been fetched with the notification."""
    alert, transition = notification.alert, notification.transition
    ended = transition.kind in ("resolved", "expired")
    return Message(
        kind=transition.kind,
        at=transition.at,
        idempotency_key=notification.idempotency_key,
        thread_key=thread_key,
        episode_key=alert.episode_key,
        alert_id=alert.pk,
        dedup_key=alert.dedup_key,
        name=alert.name,
        # What the message is about; the episode may have moved on since.
        severity=notification.about if notification.about in SEVERITY_RANK else alert.severity,
        summary=alert.summary,
        url=alert_url(alert.pk),
        portal_url=settings.PUBLIC_URL,
        starts_at=alert.starts_at,
        received_at=alert.received_at,
        resolved_at=(alert.resolved_at or transition.at) if ended else None,
        description=alert.description,
        source=alert.source,
        service=alert.service,
        resource=alert.resource,
        environment=alert.environment,
        region=alert.region,
        team=alert.team.name if alert.team else "",
        labels=alert.labels,
        annotations=alert.annotations,
        links=_links(alert),
        value=alert.value,
        runbook_url=alert.runbook_url,
        repeat_count=alert.repeat_count,
        accepted=frozenset(notification.accepted),
    )


def compose_test(channel: Channel, person: str, now: datetime) -> Message:
    """A message that says that it is only a test."""
    key = f"opsportal-test-{int(now.timestamp())}-{secrets.token_hex(4)}"
    return Message(
        kind="test",
        at=now,
        idempotency_key=key,
        thread_key=key,
        episode_key=key,
        alert_id=0,
        dedup_key=key,
        name="ChannelTest",
        severity="info",
        summary=f"Test of the channel {channel.name}, sent by {person}",
        description="Nothing is wrong. Somebody wants to see whether this channel works.",
        source="opsportal",
        url=settings.PUBLIC_URL,
        portal_url=settings.PUBLIC_URL,
        starts_at=now,
        received_at=now,
    )


def _links(alert: Alert) -> tuple[Link, ...]:
    found = alert.links if isinstance(alert.links, list) else []
    return tuple(
        Link(str(link.get("href", "")), str(link.get("text", "")))
        for link in found
        if isinstance(link, dict)
    )
