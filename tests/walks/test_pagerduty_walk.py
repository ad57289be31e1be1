"""PagerDuty's senders, unchanged: its own SDK over TLS, and Debian's Alertmanager."""

import json
import shutil
import subprocess
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from pagerduty import EventsApiV2Client, HttpError

from tests.portal import free_port
from tests.tls import tls_front
from tests.waiting import wait_until

pytestmark = pytest.mark.processes

ALERTMANAGER = """
route: {receiver: portal, group_by: [alertname], group_wait: 10ms, group_interval: 200ms}
receivers:
- name: portal
  pagerduty_configs:
  - {url: "%s/pagerduty/v2/enqueue", routing_key: %s, send_resolved: true,
     class: '{{ .GroupLabels.alertname }}'}
"""
CHANGES = """
from chronos.models import ChangeEvent
for found in ChangeEvent.objects.filter(kind="change.reported"):
    print(found.summary, found.source, found.actor, found.version, sep="|")
"""


@pytest.fixture
def alertmanager(tmp_path):
    """Starts Debian's Alertmanager with this configuration; posts it alerts."""
    if not shutil.which("prometheus-alertmanager"):
        pytest.skip("no prometheus-alertmanager on PATH")
    running = []

    def start(configuration):
        home, url = tmp_path / "alertmanager", f"http://127.0.0.1:{free_port()}"
        home.mkdir()
        (home / "alertmanager.yml").write_text(configuration)
        running.append(
            subprocess.Popen(
                ["prometheus-alertmanager", f"--config.file={home}/alertmanager.yml",
                 f"--storage.path={home}/data", "--cluster.listen-address=", "--log.level=warn",
                 f"--web.listen-address={url.removeprefix('http://')}"],
            )
        )  # fmt: skip

        def post(**times):
            alert = {"labels": {"alertname": "DiskFull", "instance": "db-1"}, **times}
            request = urllib.request.Request(
                f"{url}/api/v2/alerts",
                json.dumps([alert]).encode(),
                {"Content-Type": "application/json"},
            )
            try:
                urllib.request.urlopen(request, timeout=10).close()
            except OSError:
                return False
            return True

        return post

    yield start
    for process in running:
        process.terminate()
        process.wait(10)


def found(walker, query=""):
    return walker.get(f"/api/v1/alerts{query}")["results"]


def test_senders_of_pagerduty_need_another_url_and_key_only(walk, alertmanager):
    walker = walk()
    key = walker.manage(
        "createkey", "pager", "--short", "--scope", "alerts:write", "--scope", "events:write"
    )
    with tls_front(walker.portal.port) as front:
        client = EventsApiV2Client(key, base_url=front.url, verify=front.trust)
        _one_episode(walker, client)
        client.submit(
            "Deployed billing 412",
            source="ci",
            custom_details={"version": "412"},
            links=[{"href": "https://ci.example.org/412", "text": "Build"}],
            timestamp="2026-01-02T03:04:05.123456+00:00Z",
        )
        unknown = EventsApiV2Client("x" * 32, base_url=front.url, verify=front.trust)
        with pytest.raises(HttpError) as caught:
            unknown.trigger("Full", "db-1")
        assert caught.value.response.json()["errors"] == ["Invalid routing key"]
    (change,) = walker.manage("shell", "-v", "0", "-c", CHANGES).splitlines()
    assert change == "Deployed billing 412|ci|key pager|412"
    _fires_and_resolves(walker, alertmanager(ALERTMANAGER % (walker.portal.url, key)))
    _is_nowhere(walker, key)


def _one_episode(walker, client):
    """Through the SDK: trigger, trigger, acknowledge, resolve, trigger."""
    key = client.trigger(
        "Disk of db-1 is 91 % full", "db-1", severity="error",
        payload={"class": "DiskFull", "component": "billing"},
        custom_details={"mount": "/srv", "value": 91.2},
        links=[{"href": "https://wiki.example.org/disk", "text": "Runbook"}],
    )  # fmt: skip
    (alert,) = found(walker)
    assert (alert["name"], alert["severity"], alert["status"]) == ("DiskFull", "high", "firing")
    assert (alert["service"], alert["resource"]) == ("billing", "db-1")
    assert client.trigger("Disk of db-1 is 92 % full", "db-1", dedup_key=key) == key
    assert client.acknowledge(key) == key
    (alert,) = found(walker)
    # What the SDK sends where no severity is given.
    assert (alert["status"], alert["severity"]) == ("acknowledged", "critical")
    assert alert["repeat_count"] == 1
    assert client.resolve(key) == key
    assert client.acknowledge(key) == key
    (alert,) = found(walker)
    assert alert["status"] == "resolved"
    detail = walker.get(f"/api/v1/alerts/{alert['id']}")
    kinds = [transition["kind"] for transition in detail["transitions"]]
    assert sorted(kinds) == ["acknowledged", "opened", "resolved", "worsened"]
    assert client.trigger("Full again", "db-1", dedup_key=key) == key
    assert [other["status"] for other in found(walker)] == ["firing", "resolved"]
    client.resolve(key)


def _fires_and_resolves(walker, post):
    """Through Alertmanager: one episode opens, and ends with the alert."""
    start = datetime.now(UTC)
    firing = {"startsAt": start.isoformat()}
    wait_until(lambda: post(**firing), 30, every=0.1, what="Alertmanager takes an alert")
    match = "?match=source%3DAlertmanager"
    wait_until(lambda: found(walker, match), 30, what="the alert has come")
    assert post(**firing, endsAt=(start + timedelta(milliseconds=1)).isoformat())
    wait_until(lambda: found(walker, match)[0]["status"] == "resolved", 30)
    (alert,) = found(walker, match)
    assert (alert["name"], alert["severity"]) == ("DiskFull", "high")


def _is_nowhere(walker, key):
    """The routing key, in what the portal keeps and says."""
    assert key not in walker.portal.output()
    for path in walker.portal.data_dir.rglob("*.sqlite3*"):
        assert key.encode() not in path.read_bytes(), path
