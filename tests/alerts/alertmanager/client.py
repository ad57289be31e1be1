"""Alertmanager's API v2, spoken to us and to Debian's Alertmanager in the same words."""

import contextlib
import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from alerts.formats.alertmanager import AlertmanagerFormat
from alerts.receive import receive_alerts
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key
from opsportal.lib.contracts import Received
from opsportal.lib.times import utc_now
from tests.portal import free_port
from tests.waiting import wait_until

SCOPES = ("alerts:write", "alerts:read", "config:read", "silences:write")
Answer = tuple[int, Any]


def decoded(status: int, body: bytes) -> Answer:
    return status, json.loads(body) if body else None


class Speaker:
    """Speaks the API; `call` says how."""

    def call(self, method: str, path: str, body: bytes | None, content_type: str) -> Answer:
        raise NotImplementedError

    def get(self, path: str, *pairs: tuple[str, str], **query: str) -> Answer:
        asked = urlencode([*pairs, *query.items()])
        return self.call("GET", f"{path}?{asked}" if asked else path, None, "")

    def post(self, path: str, body: Any, content_type: str = "application/json") -> Answer:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.call("POST", path, sent, content_type)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path, None, "")

    def listed(self, path: str = "alerts", *pairs: tuple[str, str], **query: str) -> Any:
        status, found = self.get(path, *pairs, **query)
        assert status == 200, found
        return found

    def send(self, *labels: dict[str, str], **more: Any) -> None:
        status, said = self.post("alerts", [{"labels": each, **more} for each in labels])
        assert status == 200, said


class Ours(Speaker):
    """The portal through Django's test client, with a key of its own."""

    def __init__(self, *scopes: str, team: Any = None) -> None:
        key = create_key("am", scopes or SCOPES, team=team, actor=COMMAND_LINE, now=utc_now())[1]
        self.headers = {"Authorization": f"Bearer {key}"}
        self.client = Client(raise_request_exception=True)

    def call(self, method: str, path: str, body: bytes | None, content_type: str) -> Answer:
        answer = self.client.generic(
            method,
            f"/alertmanager/api/v2/{path}",
            body or b"",
            headers=self.headers,
            CONTENT_TYPE=content_type,
        )
        return decoded(answer.status_code, answer.content)


class Original(Speaker):
    """A server over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, body: bytes | None, content_type: str) -> Answer:
        headers = {"Content-Type": content_type} if content_type else {}
        request = urllib.request.Request(f"{self.url}/api/v2/{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return decoded(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return decoded(error.code, error.read())


@contextmanager
def original(folder: Path, configuration: str) -> Iterator[Original]:
    """Debian's Alertmanager, by itself, on loopback."""
    program = shutil.which("prometheus-alertmanager")
    assert program is not None
    (folder / "alertmanager.yml").write_text(configuration)
    port = free_port()
    process = subprocess.Popen(
        [program, f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
         f"--storage.path={folder / 'data'}", f"--config.file={folder / 'alertmanager.yml'}",
         "--log.level=error"],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/-/ready", timeout=5):
            return True
        return False

    try:
        wait_until(is_ready, 30, every=0.05, what="Alertmanager answers")
        yield Original(url)
    finally:
        process.terminate()
        process.wait(10)


def say(now: datetime, *alerts: dict[str, Any]) -> list[str]:
    """Post these at that time, as Prometheus does; what became of each."""
    received = Received(json.dumps(alerts).encode(), now, content_type="application/json")
    parsed = AlertmanagerFormat().parse(received)
    return [receipt.outcome for receipt in receive_alerts(parsed.events, now=now)]


def fires(labels: dict[str, str], start: datetime, now: datetime, **more: Any) -> dict[str, Any]:
    """As Prometheus sends it at `now`: it ends four intervals later unless it is said again."""
    end = now + timedelta(minutes=4)
    times = {"startsAt": start.isoformat(), "endsAt": end.isoformat()}
    return {"labels": labels, **times, **more}


def ends(labels: dict[str, str], start: datetime, end: datetime) -> dict[str, Any]:
    """As Prometheus says that it is over."""
    return {"labels": labels, "startsAt": start.isoformat(), "endsAt": end.isoformat()}


def at(**amount: float) -> str:
    """RFC 3339, from now."""
    return (utc_now() + timedelta(**amount)).isoformat()


def silence(*matchers: str, **more: Any) -> dict[str, Any]:
    """A silence of an hour; matchers such as `alertname=a` or `host=~h.*`."""
    found = []
    for text in matchers:
        op = next(op for op in ("!=", "!~", "=~", "=") if op in text)
        name, _, value = text.partition(op)
        found.append({"name": name, "value": value, "isRegex": "~" in op, "isEqual": "!" not in op})
    body = {
        "matchers": found, "startsAt": at(), "endsAt": at(hours=1), "createdBy": "jo",
        "comment": "the move",
    }  # fmt: skip
    return {name: value for name, value in (body | more).items() if value is not None}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
