"""Webhook: the alert as signed JSON, posted to an address of the operator's choice.

`X-Opsportal-Signature: t=<unix seconds>,v1=<hex>` holds HMAC-SHA256 with the channel's secret over
the text of `t`, a full stop, and the body's bytes as received. Receivers compare in constant time
and refuse a `t` more than five minutes off; docs/channels.md shows how.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings as portal

from alerts.channels import ChannelKind, Message, SettingField
from alerts.channels.answers import require_success
from opsportal.lib.http import send_request
from opsportal.lib.times import format_instant, utc_now


class WebhookChannel(ChannelKind):
    """Posts JSON and expects a 2xx."""

    slug = "webhook"
    label = "Webhook"
    fields = (
        SettingField("url", "Address", kind="url", required=True, help="Where to post to."),
        SettingField(
            "secret", "Secret", kind="secret", secret=True, help="Signs the body; empty: unsigned."
        ),
    )

    @classmethod
    def send(cls, message: Message, settings: Mapping[str, Any]) -> str:
        """Post it; the status and body of the answer."""
        body = json.dumps(webhook_body(message), ensure_ascii=False).encode(errors="replace")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"opsportal/{portal.VERSION}",
            "Idempotency-Key": message.idempotency_key,
        }
        if secret := settings.get("secret"):
            headers["X-Opsportal-Signature"] = sign_body(secret, body, int(utc_now().timestamp()))
        return require_success(send_request("POST", settings["url"], body=body, headers=headers))


def sign_body(secret: str, body: bytes, timestamp: int) -> str:
    """The value of the signature header."""
    signed = b"%d.%b" % (timestamp, body)
    return f"t={timestamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def webhook_body(message: Message) -> dict[str, Any]:
    """The JSON that is posted; the same for every attempt."""
    body: dict[str, Any] = {
        "version": 1,
        "id": message.idempotency_key,
        "kind": message.kind,
        "at": format_instant(message.at),
        "test": message.is_test,
        "page": message.paged,
        "acknowledge_url": message.acknowledge_url,
        "suspects": list(message.suspects),
        "alert": {
            "id": message.alert_id,
            "episode": message.episode_key,
            "dedup_key": message.dedup_key,
            "status": "resolved" if message.resolved else "firing",
            "name": message.name,
            "severity": message.severity,
            "summary": message.summary,
            "description": message.description,
            "source": message.source,
            "service": message.service,
            "resource": message.resource,
            "environment": message.environment,
            "region": message.region,
            "team": message.team,
            "labels": dict(message.labels),
            "annotations": dict(message.annotations),
            "links": [{"href": link.href, "text": link.text} for link in message.links],
            "value": message.value,
            "runbook_url": message.runbook_url,
            "starts_at": format_instant(message.starts_at),
            "resolved_at": format_instant(message.resolved_at) if message.resolved_at else None,
            "flapping": message.flapping,
            "url": message.url,
        },
    }
    if message.members:
        body["group"] = _group(message)
    return body


def _group(message: Message) -> dict[str, Any]:
    """All that fires in the group, and what this message ends."""
    return {
        "labels": dict(message.group_labels),
        "firing": message.firing_count,
        "resolved": message.resolved_count,
        "total": message.total,
        "severities": dict(message.counts),
        "unlisted": message.unlisted,
        "alerts": [
            asdict(member) | {"starts_at": format_instant(member.starts_at)}
            for member in message.members
        ],
    }
