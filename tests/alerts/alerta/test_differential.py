"""The same sequence of posts and actions at alerta-server 9.1 and at the portal comes to the same.

What is random is drawn with a seed, so that a difference can be looked at again.
"""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.alerta_server import LOCALE, is_installed, running_alerta
from tests.alerts.alerta.client import Alerta
from tests.alerts.alerta.sequences import SEQUENCES, Step
from tests.postgres import PostgresServer, new_database

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.peers,
    pytest.mark.postgres,
    pytest.mark.skipif(not is_installed(), reason="no alerta-server; `make alerta` installs it"),
]
# Without the policy that asks for known environments, which the portal has not.
SETTINGS = "PLUGINS = ['remote_ip', 'heartbeat', 'blackout']\nPLUGINS_RAISE_ON_ERROR = True\n"
SAME = (
    "resource", "event", "environment", "severity", "status", "correlate", "service", "group",
    "value", "text", "attributes", "origin", "type", "timeout", "rawData", "customer",
    "duplicateCount", "repeat", "previousSeverity", "trendIndication",
)  # fmt: skip
SAME_ROW = ("type", "event", "severity", "status", "value", "text", "timeout")


class Original:
    """alerta-server over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method.upper(),
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


class Ours:
    """The portal, called in the same way."""

    def __init__(self) -> None:
        self.alerta = Alerta()

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = self.alerta.call(method, path, body)
        return answer.status_code, answer.json()


@dataclass
class Side:
    """One of the two, and the numbers it has given to alerts, in their order."""

    server: Any
    numbers: list[str] = field(default_factory=list)
    times: dict[str, Any] = field(default_factory=dict)

    def take(self, step: Step) -> Any:
        """Call, and what can be compared of the answer and of the alert."""
        if step.verb == "post":
            status, answer = self.server.call("post", "/alert", step.body)
            number = answer.get("id")
            if status == 201 and number not in self.numbers:
                self.numbers.append(number)
            place = self.numbers.index(number) if status == 201 else None
        else:
            place = step.alert % len(self.numbers)
            number = self.numbers[place]
            method, path = ("delete", "") if step.verb == "delete" else ("put", f"/{step.verb}")
            status, answer = self.server.call(method, f"/alert/{number}{path}", step.body)
        return {"code": status, "place": place, **self._alert(number)}

    def _alert(self, number: str) -> dict[str, Any]:
        status, answer = self.server.call("get", f"/alert/{number}")
        if status != 200:
            return {"gone": status}
        alert = answer["alert"]
        before, self.times[number] = self.times.get(number, {}), alert
        moved = {
            name: alert[name] != before.get(name)
            for name in ("createTime", "receiveTime", "updateTime", "lastReceiveTime")
        }
        return {
            **{name: alert[name] for name in SAME},
            "tags": sorted(alert["tags"]),
            "moved": moved,
            "history": [{name: row[name] for name in SAME_ROW} for row in alert["history"]],
        }


@pytest.fixture(scope="module")
def original(postgres_binaries, tmp_path_factory):
    server = PostgresServer(postgres_binaries)
    try:
        with new_database(server.url, LOCALE) as database:
            folder = tmp_path_factory.mktemp("alerta")
            with running_alerta(database, folder, SETTINGS) as (url, _):
                yield Original(url)
    finally:
        server.close()


@pytest.mark.parametrize(("name", "steps"), SEQUENCES, ids=[name for name, _ in SEQUENCES])
def test_both_come_to_the_same(name, steps, original):
    theirs, ours = Side(original), Side(Ours())
    told = []
    for step in steps:
        body = step.body
        if step.verb == "post":  # the original keeps what an earlier sequence has left
            body = {**body, "resource": f"{name} {body['resource']}"}
        told.append(f"{step.verb} {step.alert} {step.body}")
        expected, found = (side.take(Step(step.verb, body, step.alert)) for side in (theirs, ours))
        assert found == expected, "\n".join(told[-8:])
