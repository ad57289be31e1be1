"""PagerDuty's events, what the format makes of them, and posting them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from alerts.formats.pagerduty import PagerDutyFormat
from opsportal.lib.contracts import Received
from tests.accounts.people import make_key

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
FORMAT = PagerDutyFormat()
FIXTURES = Path(__file__).parents[2] / "fixtures" / "pagerduty"
KEY = "737ea619db564d41bd9824063e1f6b08"
PAYLOAD = {"summary": "Full", "source": "db-1", "severity": "critical"}
EVENT = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "k", "payload": PAYLOAD}
EVENTS, CHANGES = "/v2/enqueue", "/v2/change/enqueue"


def fixture(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return found


def received(event: object, **values) -> Received:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return Received(body, NOW, team_id=3, key_id=7, **values)


def parse(event: object):
    return FORMAT.parse(received(event))


def fired(**payload):
    return parse({**EVENT, "payload": PAYLOAD | payload}).events[0]


@pytest.fixture
def key(db):
    return make_key("alerts:write", "events:write", short=True)


@pytest.fixture
def post(client):
    """Posts an event: (status, headers, decoded body)."""

    def send(event, text="", path=EVENTS, **headers):
        if isinstance(event, dict):
            event = json.dumps(event | ({"routing_key": text} if text else {})).encode()
        reply = client.post(path, event, content_type="application/json", headers=headers)
        return reply.status_code, reply.headers, json.loads(reply.content or b"null")

    return send


def event(action="trigger", key="k", **values):
    bare = {name: value for name, value in EVENT.items() if name != "routing_key"}
    return {**bare, "event_action": action, "dedup_key": key, **values}


def stored() -> str:
    """Every value of every row in the database."""
    return "".join(
        str(list(model._default_manager.values()))
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
    )
