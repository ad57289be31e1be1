"""Alerta's answers: documents as it writes them. Source: alerta 9.1 (`serialize` of its models)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings

from alerts.models import AlertaAlert, AlertaHeartbeat
from opsportal.lib.contracts import Reply
from opsportal.lib.errors import OpsError

# Milliseconds between a heartbeat's sending and its receipt; more is slow.
MAX_LATENCY = 2000
Row = dict[str, Any]


def endpoint(path: str = "") -> str:
    """The address of something below the base URL."""
    return f"{settings.PUBLIC_URL}/alerta{path}"


def iso(instant: datetime) -> str:
    """`2026-01-31T12:00:00.000Z`."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}Z"


def to_millisecond(instant: datetime) -> datetime:
    """As Alerta keeps it, so that what was answered can be asked about."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def write_alert(document: AlertaAlert, *, raw: bool = True, history: bool = True) -> Row:
    """An alert; a list leaves out what it was not asked for."""
    number = str(document.id)
    return {
        "id": number,
        "href": endpoint(f"/alert/{number}"),
        "resource": document.resource,
        "event": document.event,
        "environment": document.environment,
        "severity": document.severity,
        "correlate": document.correlate,
        "status": document.status,
        "service": document.service,
        "group": document.group,
        "value": document.value,
        "text": document.text,
        "tags": document.tags,
        "attributes": document.attributes,
        "origin": document.origin,
        "type": document.type,
        "createTime": iso(document.created_at),
        "timeout": document.timeout,
        "rawData": (document.raw_data or None) if raw else None,
        "customer": document.customer or None,
        "duplicateCount": document.duplicate_count,
        "repeat": document.repeat,
        "previousSeverity": document.previous_severity,
        "trendIndication": document.trend,
        "receiveTime": iso(document.received_at),
        "lastReceiveId": str(document.last_receive_id),
        "lastReceiveTime": iso(document.last_received_at),
        "updateTime": iso(document.updated_at),
        "history": write_history(document.history) if history else [],
    }


def write_history(rows: Sequence[Row]) -> list[Row]:
    """The rows of one alert, oldest first; of the same time, in the order of what happened."""
    written = [_with_link(row) for row in reversed(rows)]
    written.sort(key=_update_time)
    return written


def write_event(document: AlertaAlert, row: Row) -> Row:
    """A row of an alert's history with what it is about."""
    written = {
        "resource": document.resource,
        "environment": document.environment,
        "service": document.service,
        "group": document.group,
        "tags": document.tags,
        "attributes": document.attributes,
        "origin": document.origin,
        "customer": document.customer or None,
        **_with_link(row),
    }
    if not written["value"]:
        del written["value"]
    return written


def write_note(document: AlertaAlert, note: Mapping[str, Any]) -> Row:
    """A note."""
    alert = str(document.id)
    return {
        **note,
        "href": endpoint(f"/note/{note['id']}"),
        "type": "alert",
        "related": {"alert": alert},
        "_links": {"alert": endpoint(f"/alert/{alert}")},
        "customer": document.customer or None,
    }


def write_beat(beat: AlertaHeartbeat, now: datetime) -> Row:
    """A heartbeat and how it stands."""
    number = str(beat.id)
    since = (now - beat.received_at).total_seconds()
    latency = int((beat.received_at - beat.created_at).total_seconds() * 1000)
    status = "slow" if latency > MAX_LATENCY else "ok"
    return {
        "id": number,
        "href": endpoint(f"/heartbeat/{number}"),
        "origin": beat.origin,
        "tags": beat.tags,
        "attributes": beat.attributes,
        "type": "Heartbeat",
        "createTime": iso(beat.created_at),
        "timeout": beat.timeout,
        "maxLatency": MAX_LATENCY,
        "receiveTime": iso(beat.received_at),
        "customer": beat.customer or None,
        "latency": latency,
        "since": int(since),
        "status": "expired" if since > beat.timeout else status,
    }


def reply_of(status: int, **fields: Any) -> Reply:
    """An answer that all is well."""
    return Reply(status, msgspec.json.encode({"status": "ok", **fields}))


def write_error(
    status: int, message: str, errors: list[str] | None = None, request_id: str | None = None
) -> Row:
    """Alerta's one shape of an error."""
    return {
        "status": "error",
        "message": message,
        "code": status,
        "errors": errors,
        "requestId": request_id,
    }


def refusal_of(error: OpsError) -> Reply:
    """The same of an error of ours."""
    return Reply(error.status, msgspec.json.encode(write_error(error.status, error.message)))


def _with_link(row: Row) -> Row:
    return {**row, "href": endpoint(f"/alert/{row['id']}")}


def _update_time(row: Row) -> str:
    return str(row["updateTime"])
