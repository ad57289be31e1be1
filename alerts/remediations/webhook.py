"""Webhook: ask a system of the operator's to do something, by a signed POST.

It goes to a channel of the kind `webhook`, whose address and secret are kept encrypted; the
signature is the channel's, and docs/channels.md shows how to check it.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings as portal

from alerts.channels.webhook import sign_body
from alerts.models import Channel
from alerts.remediations.parameters import clean_parameters
from opsportal.accounts.audit import mask_secret
from opsportal.lib.errors import DeliveryError, FieldError, PayloadError
from opsportal.lib.http import send_request
from opsportal.lib.times import utc_now
from opsportal.safety.plugins import (
    Call,
    CallFailedError,
    CallUnknownError,
    Check,
    Executor,
    Plan,
    RefusedError,
    Request,
    Seen,
    Target,
)

LONGEST_FACT = 1000


def _complaint_of_channel(value: object) -> str:
    if not isinstance(value, str) or not value:
        return "the name of a webhook channel"
    if not Channel.objects.filter(name=value, kind="webhook", user=None).exists():
        return f"there is no webhook channel {value!r}"
    return ""


def _complaint_of_deed(value: object) -> str:
    right = isinstance(value, str) and 0 < len(value) <= 100 and value.isprintable()
    return "" if right else "a text of at most 100 characters"


class WebhookRemediation(Executor):
    """Posts what is wanted and expects a 2xx."""

    slug = "webhook"
    label = "Call a webhook"

    @classmethod
    def clean(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Limits, the `channel` that is posted to, and the `action` that is asked for."""
        texts = {"channel": _complaint_of_channel, "action": _complaint_of_deed}
        if "channel" not in parameters:
            message = "the name of a webhook channel is needed"
            raise PayloadError(f"channel: {message}", [FieldError("channel", message)])
        return clean_parameters(parameters, texts, {})

    @classmethod
    def plan(cls, request: Request) -> Plan:
        """One POST about one thing. Raises RefusedError."""
        name = request.parameters.get("channel", "")
        channel = _channel(name)
        if request.owner_id is not None and channel.team_id not in {None, request.owner_id}:
            raise RefusedError(f"the channel {name!r} is another team's")
        facts = request.facts
        about = str(facts.get("resource") or facts.get("service") or facts.get("dedup_key", ""))
        if not about:
            raise RefusedError("the alert names nothing that could be acted on")
        target = Target(
            key=f"webhook:{channel.pk}:{about}"[:300],
            name=f"{about} through {name}",
            fleet="webhook",
            facts={"channel": channel.pk, "name": name, "address": _mark(channel)},
        )
        body = {
            "version": 1,
            "kind": "remediation",
            "action": request.parameters.get("action", ""),
            "about": about,
            "subject": request.subject,
            "requested_by": request.requested_by,
            "alert": {key: _short(value) for key, value in facts.items()},
        }
        return Plan((target,), (Call(target.key, "post", body),))

    @classmethod
    def check(cls, target: Target, parameters: Mapping[str, Any]) -> list[Check]:
        """The channel is still there, enabled, and leads where it led."""
        channel = _channel(str(target.facts["name"]))
        same = channel.pk == target.facts["channel"] and _mark(channel) == target.facts["address"]
        return [
            Check("channel", passed=True, detail=channel.name),
            Check("same address as planned", same, "" if same else "the channel was changed"),
        ]

    @classmethod
    def call(cls, call: Call, target: Target, *, idempotency_key: str) -> str:
        """Post it once; what is sent twice by a proxy carries the same key."""
        settings = _channel(str(target.facts["name"])).settings
        body = json.dumps({"id": idempotency_key, **call.arguments}).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"opsportal/{portal.VERSION}",
            "Idempotency-Key": idempotency_key,
        }
        if secret := settings.get("secret"):
            headers["X-Opsportal-Signature"] = sign_body(secret, body, int(utc_now().timestamp()))
        try:
            answer = send_request("POST", settings["url"], body=body, headers=headers)
        except DeliveryError as error:
            kind = CallFailedError if error.permanent else CallUnknownError
            raise kind(error.message) from error
        text = f"{answer.status} {answer.body.decode(errors='replace')[:500]}".strip()
        if 200 <= answer.status < 300:
            return text
        raise (CallFailedError if answer.status < 500 else CallUnknownError)(text)

    @classmethod
    def verify(cls, call: Call, target: Target) -> Seen:
        """What the other side does is its own business: the alert shows whether it helped."""
        return Seen("done", "the other side accepted it")


def _channel(name: str) -> Channel:
    channel = Channel.objects.filter(name=name, kind="webhook", user=None).first()
    if channel is None or not channel.enabled:
        raise RefusedError(f"there is no enabled webhook channel {name!r}")
    return channel


def _mark(channel: Channel) -> str:
    """Tells whether the address or the secret has changed, and nothing else."""
    return mask_secret(channel.settings)


def _short(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key)[:200]: str(item)[:LONGEST_FACT] for key, item in [*value.items()][:100]}
    return str(value)[:LONGEST_FACT]
