"""What a CloudEvent says of a change."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from chronos.formats.cloudevents.envelope import CloudEvent
from chronos.formats.fields import read_instant, take_fields, web_link
from chronos.formats.words import kind_of, known_kind
from chronos.normalise import (
    CANCELLED,
    FAILED,
    PLANNED,
    STARTED,
    SUCCEEDED,
    TERMINAL,
    Change,
)

# The last word of a type -> status, where data says none.
_STATUS_OF: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("planned", "scheduled", "queued", "requested"), PLANNED)
    | dict.fromkeys(("started", "start", "begun", "running", "inprogress"), STARTED)
    | dict.fromkeys(("finished", "completed", "succeeded", "success", "end", "ended"), SUCCEEDED)
    | dict.fromkeys(("failed", "failure", "errored", "error"), FAILED)
    | dict.fromkeys(("cancelled", "canceled", "aborted"), CANCELLED)
)
# severitytext -> ours; of severitynumber (OpenTelemetry) four each are one.
_SEVERITY_OF: Mapping[str, int] = MappingProxyType(
    {"trace": 0, "debug": 1, "info": 2, "warn": 3, "warning": 3, "error": 4, "fatal": 5}
)
_ACTOR_TYPES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("user", "app_user"), "user")
    | dict.fromkeys(("service_account", "api_key", "system"), "automation")
)
# Attributes that have a place of their own; the others are labels.
_PLACED = frozenset(
    {
        "specversion", "id", "source", "time", "subject", "datacontenttype", "dataref",
        "severitynumber", "correlationid", "causationid", "authid", "authtype", "authclaims",
    }
)  # fmt: skip
_VERSION = re.compile(r"v?\d[\w-]*")
_WORDS = re.compile(r"[./:]")


def change_of(event: CloudEvent) -> Change:
    """One report. What data says in our own words counts more than the envelope."""
    if isinstance(event.data, dict):
        fields, rest = take_fields(event.data)
    else:
        fields, rest = {}, {} if event.data is None else {"data": event.data}
    noun, verb = _said_by_type(event.get("type"))
    version = fields.get("version", "")
    kind = kind_of(fields.get("kind", "") or noun, version=version, otherwise="event")
    status = fields.get("status") or _STATUS_OF.get(verb, "")
    fields = _envelope(event) | fields | _when(event, fields, status)
    fields |= {
        "kind": kind,
        "status": status,
        "action": fields.get("action") or verb,
        "title": fields.get("title") or f"{event.get('type')} {event.get('subject')}".strip(),
        "source": event.get("source"),
        "external_id": fields.get("external_id") or event.get("id"),
        "report_id": event.get("id"),
        "labels": _labels(event) | fields.get("labels", {}),
        "links": (*fields.get("links", ()), *_reference(event)),
        "data": rest,
    }
    return Change(**fields)


def _said_by_type(text: str) -> tuple[str, str]:
    """Kind and action: `com.example.deployment.finished.v1` is a deployment, finished.

    A word of ours wins wherever it stands; else it is the last but the participle.
    """
    words = [word for word in _WORDS.split(text.lower()) if word and not _VERSION.fullmatch(word)]
    if not words:
        return "", ""
    last = words[-1]
    ours = next((kind for word in reversed(words) if (kind := known_kind(word))), "")
    if last in _STATUS_OF or last.endswith("ed"):
        return ours or (words[-2] if len(words) > 1 else last), last
    return ours or last, ""


def _envelope(event: CloudEvent) -> dict[str, Any]:
    """What attributes say, as far as they are there."""
    found: dict[str, Any] = {
        "subject": event.get("subject"),
        "correlation_id": event.get("correlationid"),
        "causation_id": event.get("causationid"),
        "actor": event.get("authid"),
        "actor_type": _ACTOR_TYPES.get(event.get("authtype"), ""),
        "severity": _severity(event),
    }
    return {name: value for name, value in found.items() if value}


def _severity(event: CloudEvent) -> int:
    number = event.get("severitynumber")
    if number.isascii() and number.isdigit() and len(number) < 4:
        return min(max(int(number) - 1, 0) // 4, 5)
    return _SEVERITY_OF.get(event.get("severitytext").lower(), 0)


def _when(event: CloudEvent, fields: Mapping[str, Any], status: str) -> dict[str, Any]:
    """The instant of the event is that of the start, or of the end where data has a start."""
    instant = read_instant(event.get("time")) or read_instant(event.get("recordedtime"))
    started_at = fields.get("started_at") or instant
    ended_at = fields.get("ended_at")
    if ended_at is None and status in TERMINAL and instant and started_at and instant > started_at:
        ended_at = instant
    return {"started_at": started_at, "ended_at": ended_at}


def _labels(event: CloudEvent) -> dict[str, str]:
    return {
        name[:200]: text[:1000]
        for name, text in list(event.attributes.items())[:100]
        if name not in _PLACED and text
    }


def _reference(event: CloudEvent) -> tuple[Mapping[str, str], ...]:
    link = web_link(event.get("dataref"), "data")
    return (link | {"rel": "data"},) if link else ()
