"""Debian's Prometheus as the sender: a rule fires and resolves, and both come by mail."""

import shutil
import subprocess
import urllib.request

import pytest

from tests.alerts.receivers import mail_server
from tests.portal import free_port
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("prometheus"), reason="no prometheus on PATH"),
]

RULES = """
groups:
- name: walk
  interval: 1s
  rules:
  - alert: SwitchIsOn
    expr: prometheus_config_last_reload_successful > bool 0 == 1 and on() vector(%d) == 1
    labels: {severity: page, environment: production}
    annotations: {summary: "The switch of {{ $labels.instance }} is on"}
"""
CONFIG = """
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yaml]
scrape_configs:
- {job_name: billing, static_configs: [{targets: ["127.0.0.1:%(port)d"]}]}
alerting:
  alertmanagers:
  - path_prefix: /alertmanager
    authorization: {credentials: %(key)s}
    static_configs: [{targets: ["127.0.0.1:%(portal)d"]}]
"""
MAIL = """
channels:
- {name: ops mail, kind: email, settings: {to: [ops@example.com]}}
rules:
- {name: pages, match: '{severity="critical", job="billing"}', order: 1,
   actions: [{notify: ops mail}]}
"""


@pytest.fixture
def prometheus(tmp_path):
    """Starts Debian's Prometheus; the switch is a rule file that is read again."""
    running = []

    def start(walker):
        home, port = tmp_path / "prometheus", free_port()
        home.mkdir()
        (home / "rules.yaml").write_text(RULES % 1)
        fill = {"port": port, "key": walker.key, "portal": walker.portal.port}
        (home / "prometheus.yml").write_text(CONFIG % fill)
        running.append(
            subprocess.Popen(
                ["prometheus", f"--config.file={home}/prometheus.yml", "--web.enable-lifecycle",
                 f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.path={home}/data",
                 "--rules.alert.resend-delay=1s", "--log.level=warn"],
            )
        )  # fmt: skip

        def switch_off():
            (home / "rules.yaml").write_text(RULES % 0)
            reload = urllib.request.Request(f"http://127.0.0.1:{port}/-/reload", method="POST")
            urllib.request.urlopen(reload, timeout=10).close()

        return switch_off

    yield start
    for process in running:
        process.terminate()
        process.wait(10)


def test_prometheus_fires_and_resolves_into_mail_once_each(walk, prometheus):
    with mail_server() as mail:
        walker = walk(OPSPORTAL_EMAIL_URL=f"smtp://127.0.0.1:{mail.port}")
        walker.configure(MAIL)
        switch_off = prometheus(walker)
        wait_until(lambda: mail.received, 120, what="the firing mail")
        alert = walker.get("/api/v1/alerts")["results"][0]
        assert (alert["name"], alert["severity"]) == ("SwitchIsOn", "critical")
        assert (alert["service"], alert["environment"]) == ("billing", "production")
        wait_until(lambda: walker.get(f"/api/v1/alerts/{alert['id']}")["repeat_count"] >= 3, 90)
        switch_off()
        wait_until(lambda: len(mail.received) == 2, 120, what="the resolved mail")
        firing, resolved = (received.mail for received in mail.received)
        assert "switch of 127.0.0.1" in firing.get_body().get_content()
        assert "RESOLVED" in resolved["Subject"]
        assert resolved["References"].split()[0] == firing["Message-ID"]
        episodes = walker.get("/api/v1/alerts?status=resolved")["results"]
        assert [episode["id"] for episode in episodes] == [alert["id"]]
