"""Mappings and payloads for tests."""

import json
from typing import Any

from alerts.formats.mapping import compile_mapping
from alerts.formats.reading import read_payload
from alerts.models import MappedKey, Mapping
from opsportal.accounts.models import ApiKey
from opsportal.lib.contracts import Received
from tests.alerts.makers import NOW

# As Uptime Kuma would post it, made up after its documentation.
PAYLOAD: dict[str, Any] = {
    "heartbeat": {"monitorID": 7, "status": 0, "time": "2026-03-01 11:58:00", "ping": 812.5},
    "monitor": {
        "id": 7, "name": "shop", "url": "https://shop.example.org/",
        "tags": [{"name": "team", "value": "payments"}],
    },
    "msg": "[shop] [Down] timeout of 48000ms exceeded",
}  # fmt: skip
FIELDS = {
    "name": "'SiteDown'",
    "dedup_key": "/monitor/id",
    "status": "heartbeat.status",
    "severity": "'high'",
    "summary": "/msg",
    "service": "/monitor/name",
    "value": "heartbeat.ping",
    "starts_at": "/heartbeat/time",
    "link": "/monitor/url",
}
STATUSES = {"0": "firing", "1": "resolved", "3": "ignore"}
# The least that a mapping says.
EMPTY = {
    "id": 3, "name": "kuma", "condition": "", "alerts": "", "fields": {"name": "/name"},
    "labels": {}, "statuses": {}, "severities": {},
}  # fmt: skip


def make_mapping(*keys: ApiKey, **values) -> Mapping:
    """A stored mapping, by default one for PAYLOAD."""
    given = {"name": "kuma", "fields": FIELDS, "statuses": STATUSES} | values
    mapping = Mapping.objects.create(**given)
    for key in keys:
        MappedKey.objects.create(mapping=mapping, key=key)
    return mapping


def status(code: int) -> dict[str, Any]:
    """PAYLOAD with another status."""
    return {**PAYLOAD, "heartbeat": {**PAYLOAD["heartbeat"], "status": code}}


def readings(payload, **values):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return read_payload(compile_mapping(EMPTY | values), Received(body, NOW, team_id=7))


def read(payload, **values):
    (reading,) = readings(payload, **values).alerts
    return reading


def event(payload, **values):
    found = read(payload, **values)
    assert found.event is not None, found.errors
    return found.event


def remarks(reading):
    return {remark.field: remark.message for remark in reading.remarks}
