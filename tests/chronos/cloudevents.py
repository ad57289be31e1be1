"""CloudEvents for tests, and what the format makes of them."""

import json
from datetime import UTC, datetime

from chronos.formats.cloudevents import CloudEventsFormat
from opsportal.lib.contracts import Received

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
FORMAT = CloudEventsFormat()
STRUCTURED, BATCHED = "application/cloudevents+json", "application/cloudevents-batch+json"
EVENT = {
    "specversion": "1.0",
    "id": "A1",
    "source": "/ci",
    "type": "com.example.deployment.finished",
    "time": "2026-03-04T05:00:00Z",
}


def event(**attributes):
    return {**EVENT, **attributes}


def headers(**attributes):
    return {f"ce-{name}": value for name, value in event(**attributes).items()}


def parse(body, content_type=STRUCTURED, given=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return FORMAT.parse(
        Received(raw, NOW, team_id=3, key_id=7, content_type=content_type, headers=given or {})
    )


def change(**attributes):
    (found,) = parse(event(**attributes)).changes
    return found


def binary(body=b"", content_type="", **attributes):
    (found,) = parse(body, content_type, headers(**attributes)).changes
    return found
