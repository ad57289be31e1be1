"""From a notification to the message that its channel sends."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from alerts.channels import Member, Message
from alerts.gather import Gathered
from alerts.models import Alert, Channel, Notification, Transition
from alerts.normalise import SEVERITY_RANK, Link, alert_url


def compose_message(
    notification: Notification,
    thread_key: str,
    gathered: Gathered | None = None,
    acknowledge_url: str = "",
    suspects: tuple[str, ...] = (),
) -> Message:
    """The message; alert, team and transition must have been fetched with the notification."""
    message = replace(_of_the_alert(notification, thread_key), suspects=suspects)
    if gathered is not None:
        message = _of_the_group(message, gathered, keyed=notification.group_id is not None)
    return replace(message, acknowledge_url="" if message.resolved else acknowledge_url)


def wording_of(message: Message) -> dict[str, Any]:
    """What a template of the channel's own may use: plain values, no rows, nothing to call."""
    names = (
        "kind", "name", "severity", "summary", "description", "source", "service", "resource",
        "environment", "region", "team", "value", "runbook_url", "repeat_count", "flapping", "url",
        "portal_url", "acknowledge_url", "starts_at", "resolved_at", "at", "resolved", "paged",
        "firing_count", "resolved_count", "total", "unlisted", "is_test", "is_group",
    )  # fmt: skip
    context = {name: getattr(message, name) for name in names}
    for name in ("labels", "annotations", "group_labels"):
        context[name] = {key: str(value) for key, value in getattr(message, name).items()}
    context["members"] = [
        asdict(member) | {"title": member.title} for member in message.members
    ] or [_alone(message)]
    context["suspects"] = list(message.suspects)
    context["links"] = [{"href": link.href, "text": link.text} for link in message.web_links]
    return context


def _alone(message: Message) -> dict[str, Any]:
    """One alert as a list of one."""
    names = ("name", "severity", "summary", "service", "resource", "url", "starts_at")
    where, text = message.resource or message.service, message.summary or message.name
    return {name: getattr(message, name) for name in names} | {
        "id": message.alert_id,
        "status": "resolved" if message.resolved else "firing",
        "title": f"{where}: {text}" if where else text,
    }


def _of_the_group(message: Message, gathered: Gathered, *, keyed: bool) -> Message:
    """The lead's message, turned into one about all of the group."""
    # A fallback channel hears of the lead's end, so there it stays the lead's episode.
    key = gathered.key if keyed else message.episode_key
    message = replace(
        message,
        episode_key=key,
        members=gathered.members,
        counts=gathered.counts,
        resolved_count=gathered.resolved,
        group_labels=gathered.labels,
    )
    if not message.is_group:
        return message
    firing = message.firing_count > 0
    kind = message.kind
    if firing and message.resolved:
        kind = "improved"
    return replace(
        message,
        kind=kind if firing else "resolved",
        dedup_key=key,
        severity=next(iter(gathered.counts), message.severity),
        summary=_group_summary(message),
        url=f"{settings.PUBLIC_URL}/alerts/{_filter(gathered.labels)}",
        starts_at=gathered.starts_at,
        resolved_at=None if firing else message.at,
        description="",
        source="",
        service=gathered.labels.get("service", ""),
        resource="",
        environment=gathered.labels.get("environment", ""),
        region=gathered.labels.get("region", ""),
        labels=gathered.labels,
        annotations={},
        links=(),
        value=None,
        runbook_url="",
        repeat_count=0,
        flapping=0,
    )


def _group_summary(message: Message) -> str:
    """`17 alerts: 12 critical, 3 high, 2 resolved; service=billing`."""
    parts = [f"{count} {name}" for name, count in message.counts.items()]
    if message.resolved_count:
        parts.append(f"{message.resolved_count} resolved")
    labels = ", ".join(f"{name}={value}" for name, value in message.group_labels.items() if value)
    text = f"{message.total} alerts: {', '.join(parts)}"
    if not message.firing_count:
        text = f"{message.resolved_count} alerts resolved, none of the group is left"
    return f"{text}; {labels}" if labels else text


def _filter(labels: Mapping[str, str]) -> str:
    """The group's labels as the console's search."""
    matchers = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items()]
    return f"?{urlencode({'q': '{' + ', '.join(matchers) + '}'})}" if matchers else ""


def _of_the_alert(notification: Notification, thread_key: str) -> Message:
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
        flapping=alert.flapping,
        paged=notification.about.startswith("page "),
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


def compose_preview(alert: Alert | None, now: datetime) -> Message:
    """What would be said of an alert if it opened now; without one, an example."""
    if alert is None:
        return compose_example(now)
    told = Notification(
        pk=0,
        alert=alert,
        transition=Transition(alert=alert, kind=Transition.Kind.OPENED, at=now),
        about=alert.severity,
        created_at=now,
    )
    message = _of_the_alert(told, thread_key="preview")
    return replace(message, acknowledge_url=f"{settings.PUBLIC_URL}/a/example/")


def compose_example(now: datetime) -> Message:
    """A message with something in every place, to try templates on."""
    alone = compose_test(Channel(name="example"), "somebody", now)
    member = Member(1, "DiskFull", "high", "firing", "Disk is full", "billing", "db-1", "", now)
    return replace(
        alone,
        kind="opened",
        value=97.5,
        resolved_at=now,
        runbook_url=settings.PUBLIC_URL,
        labels={"host": "db-1"},
        annotations={"note": "An example"},
        members=(member, replace(member, id=2, status="resolved")),
        counts={"high": 1},
        resolved_count=1,
        group_labels={"service": "billing"},
        acknowledge_url=settings.PUBLIC_URL,
    )


def _links(alert: Alert) -> tuple[Link, ...]:
    found = alert.links if isinstance(alert.links, list) else []
    return tuple(
        Link(str(link.get("href", "")), str(link.get("text", "")))
        for link in found
        if isinstance(link, dict)
    )
