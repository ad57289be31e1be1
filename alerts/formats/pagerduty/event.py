"""`POST /v2/enqueue`: trigger, acknowledge, resolve."""

import re
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import msgspec

from alerts.normalise import RESOLVED, AlertEvent, Link, Receipt, Respond
from chronos.formats.pagerduty.contract import (
    EventsApiFormat,
    member,
    read_instant,
    text_of,
    wrong_summary,
)
from chronos.formats.pagerduty.details import first_text, links_of, spread_details
from opsportal.lib.contracts import Parsed, Received, Reply

ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES: Mapping[str, str] = MappingProxyType(
    {"critical": "critical", "warning": "warning", "error": "high", "info": "info"}
)
LONGEST_KEY = 255
# Of `custom_details`, the first that is there; `firing` is Alertmanager's.
_DESCRIPTIONS = ("description", "message", "firing")
# What changes in a summary from one time to the next: Alertmanager's count, and numbers.
_COUNT = re.compile(r"^\[(?:FIRING|RESOLVED)(?::\d+)?\]\s*")
_NUMBER = re.compile(r"\b\d[\d.,:]*")


class PagerDutyFormat(EventsApiFormat):
    """Alert events."""

    slug = "pagerduty"
    label = "PagerDuty Events v2"
    scope = "alerts:write"
    paths = ("/v2/enqueue", "/pagerduty/v2/enqueue")

    def complaints(self, event: Mapping[str, Any]) -> list[str]:
        """In PagerDuty's order: what the event asks for, then what that needs."""
        action = text_of(event.get("event_action"))
        if not action:
            return ["'event_action' is missing or blank"]
        if action not in ACTIONS:
            return [f"'event_action' is invalid ({_one_of(ACTIONS)})"]
        found = []
        key = _dedup_key(event)
        if action != "trigger" and not key:
            found.append("'dedup_key' is missing or blank")
        if len(key) > LONGEST_KEY:
            found.append(f"'dedup_key' is too long (maximum is {LONGEST_KEY} characters)")
        return found + (_wrong_payload(member(event, "payload")) if action == "trigger" else [])

    def parse(self, received: Received) -> Parsed:
        """One event. A trigger without a key gets one that nobody has."""
        event = self.read(received)
        key = _dedup_key(event) or uuid4().hex
        ours = scoped_key(received.key_id, key)
        action = text_of(event["event_action"])
        if action == "acknowledge":
            taken = Respond(action=action, dedup_key=ours)
            return Parsed([], many=False, orders=[taken], sender_key=key)
        if action == "resolve":
            ended = AlertEvent(name=key, dedup_key=ours, status=RESOLVED, team_id=received.team_id)
            return Parsed([ended], many=False, sender_key=key)
        return Parsed([_firing(event, received, ours)], many=False, sender_key=key)

    def answer(self, parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
        """The same for an event that was dropped."""
        answer = {
            "status": "success",
            "message": "Event processed",
            "dedup_key": parsed.sender_key,
        }
        return Reply(202, msgspec.json.encode(answer))


def scoped_key(key_id: int, dedup_key: str) -> str:
    """Our dedup key: PagerDuty's means something only beside the routing key it came with."""
    text = f"pd:{key_id}:{dedup_key}"
    if len(text) <= LONGEST_KEY:
        return text
    return f"pd:{key_id}:sha256:{sha256(dedup_key.encode()).hexdigest()}"


def stable_name(summary: str) -> str:
    """The summary without what changes in it: rules and reports go by the name."""
    return " ".join(_NUMBER.sub("#", _COUNT.sub("", summary)).split()) or summary


def _dedup_key(event: Mapping[str, Any]) -> str:
    """To the letter, blanks at its ends included; empty when there is none."""
    given = event.get("dedup_key")
    return given if isinstance(given, str) and given.strip() else text_of(given)


def _one_of(words: Sequence[str]) -> str:
    *others, last = (f"'{word}'" for word in words)
    return f"must be one of the following: {', '.join(others)} or {last}"


def _wrong_payload(payload: Mapping[str, Any]) -> list[str]:
    found = wrong_summary(payload)
    if not text_of(payload.get("source")):
        found.append("'payload.source' is missing or blank")
    severity = text_of(payload.get("severity"))
    if not severity:
        found.append("'payload.severity' is missing or blank")
    elif severity not in SEVERITIES:
        found.append(f"'payload.severity' is invalid ({_one_of(tuple(SEVERITIES))})")
    return found


def _firing(event: dict[str, Any], received: Received, dedup_key: str) -> AlertEvent:
    payload = member(event, "payload")
    details = member(payload, "custom_details")
    said = next((name for name in _DESCRIPTIONS if text_of(details.get(name))), "")
    labels, annotations = spread_details(payload.get("custom_details"), without=said)
    labels |= {
        name: text[:200]
        for name in ("component", "group", "class")
        if (text := text_of(payload.get(name)))
    }
    summary = text_of(payload["summary"])
    client, source = text_of(event.get("client")), text_of(payload["source"])
    links = tuple(Link(href, text) for href, text in links_of(event))
    return AlertEvent(
        name=(text_of(payload.get("class")) or stable_name(summary))[:300],
        dedup_key=dedup_key,
        severity=SEVERITIES[text_of(payload["severity"])],
        summary=summary,
        description=text_of(details.get(said))[:32_768],
        source=(client or "pagerduty")[:200],
        service=first_text(details, "service", cut=200) or labels.get("component", ""),
        # Who reports is nothing that breaks: Alertmanager names itself.
        resource="" if source == client else source[:300],
        environment=first_text(details, "environment", "env", cut=100),
        region=first_text(details, "region", cut=100),
        labels=labels,
        annotations=annotations,
        links=links,
        value=_number(details.get("value")),
        runbook_url=next((link.href for link in links if link.text.lower() == "runbook"), ""),
        starts_at=read_instant(payload.get("timestamp")),
        team_id=received.team_id,
        payload=msgspec.json.encode(event),
    )


def _number(given: object) -> float | None:
    if (
        isinstance(given, bool)
        or not isinstance(given, int | float)
        or abs(given) > sys.float_info.max
    ):
        return None
    return float(given)
