"""What the gateway makes of an Alerta document: an alert as every other."""

import re
from datetime import timedelta
from typing import Any

from alerts.formats.alerta.alarm import OURS, OVER
from alerts.formats.alerta.body import PostedAlert
from alerts.formats.labels import web_links
from alerts.models import AlertaAlert
from alerts.normalise import FIRING, RESOLVED, AlertEvent, Link
from opsportal.lib.matchers.values import parse_number

SOURCE = "alerta"
_LONGEST_LABEL, _LONGEST_SUMMARY = 4096, 1024
_MOST_NOTES, _MOST_LINKS = 50, 20
# `moreInfo` of Alerta's webhooks.
_ANCHOR = re.compile(r"""<a\s[^<>]{0,200}?href=["']([^"'<>]+)["']""", re.IGNORECASE)


def event_of(document: AlertaAlert, posted: PostedAlert | None = None) -> AlertEvent:
    """What the document says since it received that: it fires, or is over."""
    text = document.text
    value = document.value or ""
    timeout = document.timeout
    return AlertEvent(
        name=document.event,
        dedup_key=document.dedup_key,
        status=RESOLVED if document.status in OVER else FIRING,
        severity=OURS[document.severity],
        summary=text[:_LONGEST_SUMMARY],
        description=text if len(text) > _LONGEST_SUMMARY else "",
        source=SOURCE,
        service=next(iter(document.service), "")[:200],
        resource=document.resource,
        environment=document.environment,
        labels=_labels(document),
        annotations=_annotations(document.attributes, value),
        links=_links(document.attributes),
        value=parse_number(value),
        starts_at=posted.created_at if posted else None,
        timeout=timedelta(seconds=timeout) if timeout else None,
        team_id=document.team_id,
        payload=posted.payload if posted else b"",
    )


def joined(words: list[str]) -> str:
    """The words as one label; the comma parts them, so none has one."""
    return ",".join(word.replace(",", ";") for word in words)[:_LONGEST_LABEL]


def _labels(document: AlertaAlert) -> dict[str, str]:
    labels = {
        "alerta_severity": document.severity,
        "group": document.group,
        "origin": document.origin,
        "type": document.type,
        "customer": document.customer,
        "services": joined(document.service),
        "tags": joined(document.tags),
    }
    return {name: text for name, text in labels.items() if text}


def _annotations(attributes: dict[str, Any], value: str) -> dict[str, str]:
    """The attributes that are plain values, and a value that is no number."""
    notes = {"value": value} if value and parse_number(value) is None else {}
    for name, given in list(attributes.items())[:_MOST_NOTES]:
        if isinstance(given, str | int | float) and name:
            notes[name[:200]] = str(given)[:_LONGEST_LABEL]
    return notes


def _links(attributes: dict[str, Any]) -> tuple[Link, ...]:
    """The attributes that are an address, or HTML's link to one, as Alerta's console has them."""
    texts = [(name, text) for name, text in attributes.items() if isinstance(text, str)]
    anchors = ((name, _ANCHOR.match(text), text) for name, text in texts)
    found = web_links(
        *((anchor[1] if anchor else text, name[:200]) for name, anchor, text in anchors)
    )
    return found[:_MOST_LINKS]
