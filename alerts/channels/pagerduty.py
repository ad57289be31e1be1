"""PagerDuty, through its Events API v2: this is how somebody on call is paged.

https://developer.pagerduty.com/docs/events-api-v2/overview/
"""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings as portal

from alerts.channels import ChannelKind, Message, SettingField
from alerts.channels.answers import require_success
from alerts.normalise import Link
from opsportal.lib.errors import DeliveryError, FieldError, PayloadError
from opsportal.lib.http import send_request
from opsportal.lib.times import format_instant

DEFAULT_URL = "https://events.pagerduty.com/v2/enqueue"
# PagerDuty knows four.
SEVERITIES: Mapping[str, str] = {
    "critical": "critical",
    "high": "error",
    "warning": "warning",
    "low": "info",
    "info": "info",
}
MAX_BODY = 500_000  # PagerDuty refuses more than 512 KB


class PagerDutyChannel(ChannelKind):
    """One PagerDuty alert per episode: triggered, and resolved with it."""

    slug = "pagerduty"
    label = "PagerDuty"
    fields = (
        SettingField(
            "routing_key",
            "Routing key",
            kind="secret",
            required=True,
            secret=True,
            help="The integration key of an Events API v2 integration.",
        ),
        SettingField("url", "Address", kind="url", help=f"Empty: {DEFAULT_URL}"),
    )

    @classmethod
    def clean(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """As the base does, and the key has to look like one."""
        cleaned = super().clean(settings)
        key = cleaned["routing_key"]
        if not key.isascii() or not key.isprintable() or " " in key or len(key) > 64:
            message = "must be the 32 letters and digits that PagerDuty shows"
            raise PayloadError(
                f"The channel's settings are not right: routing_key: {message}",
                [FieldError("settings.routing_key", message)],
            )
        return cleaned

    @classmethod
    def send(cls, message: Message, settings: Mapping[str, Any]) -> str:
        """Enqueue the event; PagerDuty's answer."""
        event = pagerduty_event(message, settings["routing_key"])
        actions = [event]
        if message.is_test:  # leave nothing open behind
            actions.append({**event, "event_action": "resolve"})
        answers = [_enqueue(action, settings, message) for action in actions]
        return answers[0]


def _enqueue(event: Mapping[str, Any], settings: Mapping[str, Any], message: Message) -> str:
    answer = send_request(
        "POST",
        settings.get("url") or DEFAULT_URL,
        body=json.dumps(event).encode(),
        headers={
            "Content-Type": "application/json",
            "User-Agent": f"opsportal/{portal.VERSION}",
            "Idempotency-Key": message.idempotency_key,
        },
    )
    if answer.status == 400:
        raise DeliveryError(f"400 {_refusal(answer.body)}", permanent=True)
    return require_success(answer)


def _refusal(body: bytes) -> str:
    """`message: error; error` of PagerDuty's answer, or the bare text."""
    text = body.decode(errors="replace")[:2000]
    try:
        parsed = json.loads(text)
    except ValueError:
        return text
    if not isinstance(parsed, dict):
        return text
    errors = parsed.get("errors")
    listed = "; ".join(str(e) for e in errors) if isinstance(errors, list) else str(errors or "")
    return ": ".join(part for part in (str(parsed.get("message") or ""), listed) if part) or text


def pagerduty_event(message: Message, routing_key: str) -> dict[str, Any]:
    """The event: a trigger with everything in it, or the end of the one triggered before."""
    action = {"acknowledged": "acknowledge"}.get(message.kind, "trigger")
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": "resolve" if message.resolved else action,
        "dedup_key": message.episode_key[:255],
    }
    if event["event_action"] != "trigger":
        return event
    event["payload"] = _payload(message)
    event["links"] = _links(message)
    event["client"] = "opsportal"
    event["client_url"] = message.url
    if len(json.dumps(event)) > MAX_BODY:
        event["payload"]["custom_details"] = {"note": "Too large to send: see the alert's page."}
        event["links"] = event["links"][:1]
    return event


def _payload(message: Message) -> dict[str, Any]:
    facts = {
        "summary": (message.summary or message.name)[:1024],
        "source": message.resource or message.source or message.service or "opsportal",
        "severity": SEVERITIES[message.severity],
        "timestamp": format_instant(message.starts_at),
        "component": message.service,
        "group": message.environment,
        "class": message.name,
    }
    details = {
        "changed": list(message.suspects),
        "kind": message.kind,
        "severity": message.severity,
        "description": message.description,
        "source": message.source,
        "environment": message.environment,
        "region": message.region,
        "team": message.team,
        "value": message.value,
        "dedup_key": message.dedup_key,
        "labels": dict(message.labels),
        "annotations": dict(message.annotations),
        "flapping": f"opened {message.flapping} times within an hour" if message.flapping else "",
        "group": _group(message) if message.is_group else {},
    }
    kept = {name: value for name, value in details.items() if value not in ("", None, {}, [])}
    return {name: value for name, value in facts.items() if value} | {"custom_details": kept}


def _group(message: Message) -> dict[str, Any]:
    """Who is in it, as lines that PagerDuty shows one below the other."""
    lines = [
        f"{member.status if member.status == 'resolved' else member.severity}: {member.title}"[:300]
        for member in message.members
    ]
    return {
        "firing": message.firing_count,
        "resolved": message.resolved_count,
        "alerts": lines,
        "unlisted": message.unlisted,
    }


def _links(message: Message) -> list[dict[str, str]]:
    links = [Link(message.url, "Alert in opsportal")]
    if message.acknowledge_url:
        links.append(Link(message.acknowledge_url, "Acknowledge in opsportal"))
    if message.runbook_url:
        links.append(Link(message.runbook_url, "Runbook"))
    links.extend(message.links)
    return [
        {"href": link.href, "text": link.text or link.href}
        for link in links
        if link.href.startswith(("http://", "https://"))
    ]
