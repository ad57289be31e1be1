"""A client of the timeline's API."""

import json
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key
from opsportal.lib.times import utc_now


class Api:
    """Calls with a key that may read and write changes."""

    def __init__(self) -> None:
        scopes = ("events:read", "events:write")
        _, text = create_key("ci", scopes, actor=COMMAND_LINE, now=utc_now())
        self._client = Client(headers={"Authorization": f"Bearer {text}"})

    def get(self, path: str, **params: Any):
        """The status and the decoded answer."""
        return _read(self._client.get(_address(path), params))

    def stream(self, path: str, **params: Any):
        """The answer itself."""
        return self._client.get(_address(path), params)

    def send(self, method: str, payload: object, path: str = ""):
        """The status and the decoded answer."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return _read(self._client.generic(method, _address(path), body, "application/json"))

    def post(self, payload: object):
        """The same of POST /api/v1/events."""
        return self.send("POST", payload)


def _address(path: str) -> str:
    return path if path.startswith("http") else f"/api/v1/events{path}"


def _read(answer):
    return answer.status_code, json.loads(answer.content)


def change(**fields):
    """A change as it is posted."""
    given = {"kind": "config", "title": "t", **fields}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in given.items()
    }


@pytest.fixture
def api(db) -> Api:
    """The API, as a key sees it."""
    return Api()
