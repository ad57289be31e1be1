"""Requests of senders, and their payloads."""

import json
from pathlib import Path
from urllib.parse import quote

from django.test import Client

from alerts.receive import receive_alerts
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError

FIXTURES = Path(__file__).parent.parent / "fixtures"


def fixture(name: str) -> bytes:
    """A payload by its path below tests/fixtures."""
    return (FIXTURES / name).read_bytes()


def post(path, payload, text="", *, method="POST", query="", scheme="Bearer", **headers):
    """Through Django's door: (status, headers, decoded body)."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    if text:
        headers["Authorization"] = f"{scheme} {text}"
    reply = Client().generic(
        method, quote(path), body, "application/json", QUERY_STRING=query, headers=headers
    )
    return reply.status_code, reply.headers, json.loads(reply.content) if reply.content else None


# What stands in a field where something else belongs.
RUBBISH: list[object] = [
    0, -1, 1e308, 10**40, True, None, "", "\0", "\ud800", "x" * 100_000, [], [None], [[[]]], {},
    {"": ""}, {"a": {"b": [1]}},
]  # fmt: skip


def store_rubbish(alert_format, payload, now, **received):
    """Put rubbish in the place of each field, one at a time, or leave the field out.

    What the format makes of it is stored; all else it has to refuse. The number of both.
    """
    events, refused = [], 0
    for body in rubbish_in(payload):
        try:
            parsed = alert_format.parse(Received(body, now, **received))
        except PayloadError as error:
            assert alert_format.refuse(error).status in {400, 422}
            refused += 1
        else:
            events += parsed.events
    receive_alerts(events, now=now)
    return len(events), refused


def rubbish_in(payload):
    """The payload with rubbish in the place of each field, one at a time, or without it."""
    for path in _places(payload):
        for value in RUBBISH:
            yield json.dumps(_changed(payload, path, value)).encode()
        yield json.dumps(_changed(payload, path)).encode()


def _places(value, above=()):
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*above, name)
            yield from _places(inner, (*above, name))


def _changed(payload, path, *value):
    copy = json.loads(json.dumps(payload))
    holder = copy
    for name in path[:-1]:
        holder = holder[name]
    if value:
        holder[path[-1]] = value[0]
    else:
        del holder[path[-1]]
    return copy
