"""Debian's Alertmanager as the sender: what fires and resolves there does so here, once each."""

import json
import shutil
import subprocess
import urllib.request
from datetime import UTC, datetime

import pytest

from tests.portal import free_port
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        not shutil.which("prometheus-alertmanager"), reason="no prometheus-alertmanager on PATH"
    ),
]

CONFIG = """
route: {receiver: portal, group_by: [alertname], group_wait: 10ms, group_interval: 200ms}
receivers:
- name: portal
  webhook_configs:
  - url: %(portal)s/hooks/alertmanager/%(key)s
  pagerduty_configs:
  - url: %(portal)s/pagerduty/v2/enqueue
    routing_key: %(key)s
    class: '{{ .GroupLabels.alertname }}'
  opsgenie_configs:
  - api_key: %(key)s
    api_url: %(portal)s/opsgenie/
    update_alerts: true
    priority: P4
"""
LABELS = {"alertname": "DiskFull", "instance": "h1:9100", "job": "node", "severity": "page"}


@pytest.fixture
def alertmanager(tmp_path):
    """Starts Debian's Alertmanager with such a configuration; posts alerts to it."""
    running = []

    def start(config):
        home, port = tmp_path / "alertmanager", free_port()
        home.mkdir()
        (home / "config.yml").write_text(config)
        running.append(
            subprocess.Popen(
                ["prometheus-alertmanager", f"--config.file={home}/config.yml",
                 f"--storage.path={home}/data", f"--web.listen-address=127.0.0.1:{port}",
                 "--cluster.listen-address=", "--log.level=warn"],
            )
        )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _is_up(f"{url}/-/ready"), 30, what="Alertmanager is ready")

        def post(alert):
            request = urllib.request.Request(
                f"{url}/api/v2/alerts",
                json.dumps([alert]).encode(),
                {"Content-Type": "application/json"},
            )
            urllib.request.urlopen(request, timeout=10).close()

        return post

    yield start
    for process in running:
        process.terminate()
        process.wait(10)


def _is_up(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_by_webhook_and_as_to_pagerduty_and_opsgenie_each_is_one_episode(walk, alertmanager):
    walker = walk()
    key = walker.manage("createkey", "alertmanager", "--scope", "alerts:write", "--short")
    post = alertmanager(CONFIG % {"portal": walker.portal.url, "key": key})

    def found():
        return {alert["source"]: alert for alert in walker.get("/api/v1/alerts")["results"]}

    def are_all(status):
        return [alert["status"] for alert in found().values()] == [status] * 3

    post({"labels": LABELS, "annotations": {"summary": "Disk of h1 is full"}})
    wait_until(lambda: are_all("firing"), 60, what="all three fire")
    # The label's; what Alertmanager tells PagerDuty of every alert; the priority above.
    severities = {source: alert["severity"] for source, alert in found().items()}
    assert severities == {"alertmanager": "critical", "Alertmanager": "high", "opsgenie": "low"}
    assert {alert["name"] for alert in found().values()} == {"DiskFull"}
    by_webhook, as_opsgenie = found()["alertmanager"], found()["opsgenie"]
    assert (by_webhook["resource"], by_webhook["service"]) == ("h1:9100", "node")
    assert by_webhook["summary"] == "Disk of h1 is full"
    assert as_opsgenie["summary"].startswith("[FIRING:1] DiskFull")
    post({"labels": LABELS, "endsAt": datetime.now(UTC).isoformat()})
    wait_until(lambda: are_all("resolved"), 60, what="all three are resolved")
    assert len(walker.get("/api/v1/alerts")["results"]) == 3
    for alert in found().values():
        story = walker.get(f"/api/v1/alerts/{alert['id']}")
        kinds = [transition["kind"] for transition in story["transitions"]]
        assert sorted(kinds) == ["opened", "resolved"]
    # Neither the key in the path nor that in the body is kept anywhere.
    assert key not in walker.portal.output()
    for path in walker.portal.data_dir.rglob("*.sqlite3*"):
        assert key.encode() not in path.read_bytes(), path
