"""Alertmanager's API v2: what Prometheus posts to `/api/v2/alerts`.

Contract: prometheus/alertmanager api/v2/openapi.yaml. Errors of meaning are JSON strings with 400
and leave the batch's good members stored; errors of shape refuse the whole batch.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from alerts.formats import (
    AlertFormat,
    Parsed,
    Received,
    Rejection,
    Reply,
    check_instant,
    split_json,
)
from alerts.normalise import (
    FIRING,
    RESOLVED,
    SEVERITY_RANK,
    SEVERITY_SYNONYMS,
    AlertEvent,
    Link,
    Receipt,
)
from opsportal.lib.errors import FieldError, OpsError, PayloadError

# Without `endsAt` an alert lasts so long after its last receipt (Alertmanager's resolve_timeout).
RESOLVE_TIMEOUT = timedelta(minutes=5)
# Go's zero time, which amtool sends for "not set".
UNSET_YEAR = 1
# Alertmanager knows no limits; pages, answers and messages need some.
MOST_PAIRS, LONGEST_VALUE, LONGEST_URL = 500, 4096, 2000
_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


class PostableAlert(Struct, rename="camel"):
    """`postableAlert` of the contract."""

    labels: dict[str, str]
    annotations: dict[str, str] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str | None = msgspec.field(default=None, name="generatorURL")


_decoder = msgspec.json.Decoder(PostableAlert)


class AlertmanagerFormat(AlertFormat):
    """`POST /alertmanager/api/v2/alerts`."""

    slug = "alertmanager"
    label = "Alertmanager v2"
    paths = ("/alertmanager/api/v2/alerts",)
    # Prometheus drops what is refused.
    overload = None
    keeps_all = False

    def parse(self, received: Received) -> Parsed:
        """An array of postable alerts."""
        members, many = split_json(received.body)
        if not many:
            raise PayloadError("parsing alerts body failed: it must be an array")
        try:
            alerts = [_decoder.decode(member) for member in members]
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise PayloadError(f"parsing alerts body failed: {error}") from error
        events, rejected = [], []
        for index, alert in enumerate(alerts):
            try:
                events.append(_event(alert, members[index], received))
            except ValueError as error:
                rejected.append(Rejection(index, (FieldError("", str(error)),)))
        return Parsed(events, rejected)

    def answer(self, parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
        """200 and nothing, or 400 with the complaints although the rest is stored."""
        if not parsed.rejected:
            return Reply(200)
        complaints = "; ".join(r.errors[0].message for r in parsed.rejected)
        return Reply(400, msgspec.json.encode(complaints))

    def refuse(self, error: OpsError) -> Reply:
        """Errors of shape carry a code and a message."""
        return Reply(
            error.status, msgspec.json.encode({"code": error.status, "message": error.message})
        )


def _event(alert: PostableAlert, payload: bytes, received: Received) -> AlertEvent:
    labels = {name: value for name, value in alert.labels.items() if value}
    if not labels:
        raise ValueError("at least one label pair required")
    starts_at, ends_at = _set(alert.starts_at), _set(alert.ends_at)
    if starts_at and ends_at and ends_at < starts_at:
        raise ValueError("start time must be before end time")
    notes = alert.annotations or {}
    if len(labels) > MOST_PAIRS or len(notes) > MOST_PAIRS:
        raise ValueError(f"more than {MOST_PAIRS} labels or annotations")
    generator = alert.generator_url or ""
    if len(generator) > LONGEST_URL:
        generator = ""
    return AlertEvent(
        name=_first(labels, "alertname", "name", cut=300) or next(iter(labels.values()))[:300],
        dedup_key=f"am:{fingerprint(tuple(sorted(labels.items())))}",
        status=RESOLVED if ends_at and ends_at <= received.now else FIRING,
        severity=_severity(labels.get("severity", "")),
        summary=_first(notes, "summary", "title", cut=1024),
        description=_first(notes, "description", "message", cut=32_768),
        source="prometheus",
        service=_first(labels, "service", "job", "app", cut=200),
        resource=_first(labels, "instance", "resource", "pod", "host", cut=300),
        environment=_first(labels, "environment", "env", cut=100),
        region=_first(labels, "region", "datacenter", cut=100),
        labels=_cut(labels, payload),
        annotations=_cut(notes, payload),
        links=(Link(generator, "source"),) if generator.startswith(("http://", "https://")) else (),
        runbook_url=_url(_first(notes, "runbook_url", "runbook", cut=1000)),
        starts_at=starts_at,
        ends_at=ends_at,
        timeout=None if ends_at else RESOLVE_TIMEOUT,
        team_id=received.team_id,
        payload=payload,
    )


def _cut(texts: dict[str, str], payload: bytes) -> dict[str, str]:
    """The values as they are kept; who they are about was told by the whole of them."""
    if len(payload) <= LONGEST_VALUE:
        return texts
    return {name: value[:LONGEST_VALUE] for name, value in texts.items()}


@lru_cache(maxsize=65_536)
def fingerprint(labels: tuple[tuple[str, str], ...]) -> str:
    """Alertmanager's identity of a sorted label set: FNV-1a 64 (prometheus/common model)."""
    text = b"".join(name.encode() + b"\xff" + value.encode() + b"\xff" for name, value in labels)
    hashed = _FNV_OFFSET
    for byte in text:
        hashed = ((hashed ^ byte) * _FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return f"{hashed:016x}"


def _set(instant: datetime | None) -> datetime | None:
    """The instant in UTC, or None when absent or Go's zero time."""
    if instant is None or instant.year == UNSET_YEAR:
        return None
    return check_instant(instant.replace(tzinfo=instant.tzinfo or UTC))


def _severity(label: str) -> str:
    """Ours for theirs; a label is free text, so what is unknown is a warning."""
    label = label.lower()
    return label if label in SEVERITY_RANK else SEVERITY_SYNONYMS.get(label, "warning")


def _first(texts: Mapping[str, Any], *names: str, cut: int) -> str:
    """The first of these that is there, cut to its column."""
    return next((texts[name][:cut] for name in names if texts.get(name)), "")


def _url(text: str) -> str:
    return text if text.startswith(("http://", "https://")) else ""
