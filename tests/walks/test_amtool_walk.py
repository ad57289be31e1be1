"""Debian's amtool, every command of it, against the portal."""

import json
import shutil
import subprocess
from urllib.parse import urlsplit

import pytest

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("amtool"), reason="no amtool on PATH"),
]
CONFIGURATION = """
channels:
- {name: ops mail, kind: email, settings: {to: [ops@example.com]}}
- {name: pager, kind: email, settings: {to: [pager@example.com]}}
rules:
- {name: known, match: 'alertname="Watchdog"', order: 1, stop: true,
   actions: [{suppress: always on}]}
- {name: worst, match: 'severity="critical"', order: 2, group_by: [service],
   active_times: 'mon-sun 00:00-24:00 Europe/Berlin', actions: [{notify: pager}]}
- {name: billing, match: 'service="billing"', order: 3, actions: [{notify: ops mail}]}
- {name: loads, match: 'load>5', order: 4, actions: [{notify: pager}]}
inhibitions:
- {name: node, source_match: 'alertname="NodeDown"', target_match: 'severity="warning"',
   equal: [instance]}
"""


class Amtool:
    """Runs it with a key, in a configuration file for HTTP or in the address."""

    def __init__(self, portal, key, folder):
        host = urlsplit(portal.url).netloc
        settings = folder / "http.yml"
        settings.write_text(f"authorization: {{credentials: {key}}}\n")
        self.by_file = [
            f"--alertmanager.url=http://{host}/alertmanager", f"--http.config.file={settings}",
        ]  # fmt: skip
        self.by_address = [f"--alertmanager.url=http://jo:{key}@{host}/alertmanager"]

    def run(self, *words, how=None, fails=False):
        command = ["amtool", *(how or self.by_file), *words]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert (done.returncode != 0) == fails, (words, done.stdout, done.stderr)
        return done.stderr if fails else done.stdout

    def json(self, *words):
        return json.loads(self.run("--output=json", *words))

    def ids(self, *words):
        return self.run("silence", "query", "-q", *words).split()


@pytest.fixture
def amtool(walk, tmp_path):
    walker = walk()
    walker.configure(CONFIGURATION)
    scopes = ("alerts:write", "alerts:read", "config:read", "silences:write")
    key = walker.manage("createkey", "amtool", *(w for s in scopes for w in ("--scope", s)))
    return Amtool(walker.portal, key, tmp_path)


def test_every_command_works(amtool, tmp_path):
    look_at_alerts(amtool)
    live_through_silences(amtool, tmp_path)
    ask_the_routing(amtool, tmp_path)
    assert "ready" in amtool.run("cluster", "show")
    assert "ready" in amtool.run("cluster", how=amtool.by_address)
    stranger = [amtool.by_file[0]]
    assert "401" in amtool.run("alert", how=stranger, fails=True)


def look_at_alerts(amtool):
    amtool.run(
        "alert", "add", "DiskFull", "severity=page", "job=billing", "instance=h1", "team=storage",
        "--annotation=summary=The disk is full", "--generator-url=http://prometheus/graph",
    )  # fmt: skip
    amtool.run(
        "alert", "add", "alertname=Load", "severity=warning", "instance=h1", how=amtool.by_address
    )
    amtool.run("alert", "add", "NodeDown", "instance=h1", "severity=page")
    simple = amtool.run("alert", "query")
    assert simple.splitlines()[0].split() == ["Alertname", "Starts", "At", "Summary", "State"]
    assert "The disk is full" in simple
    # What is inhibited is shown on request only.
    assert "Load" not in simple
    assert "suppressed" in amtool.run("alert", "--inhibited", "Load")
    extended = amtool.run(
        "--output=extended", "alert", "query", 'severity=~"page|x"', "job!=search"
    )
    assert (
        'alertname="DiskFull" instance="h1" job="billing" severity="page" team="storage"'
        in extended
    )
    assert "http://prometheus/graph" in extended
    found = amtool.json("alert", "query", "team=storage", "--receiver=pager")
    assert [alert["labels"]["alertname"] for alert in found] == ["DiskFull"]
    assert [receiver["name"] for receiver in found[0]["receivers"]] == ["pager", "ops mail"]
    assert amtool.json("alert", "query", "job=nobody") == []
    assert "bad matcher format" in amtool.run("alert", "query", "a=b", "bad{", fails=True)
    amtool.run(
        "alert", "add", "Load", "severity=warning", "instance=h1", "--end=2026-01-01T00:00:00Z"
    )
    assert amtool.json("alert", "--inhibited", "Load") == []


def live_through_silences(amtool, tmp_path):
    made = amtool.run(
        "silence", "add", "alertname=DiskFull", "severity=~page|critical", "--author=jo",
        "--comment=the move", "--duration=2h",
    ).strip()  # fmt: skip
    assert amtool.ids() == [made]
    assert "DiskFull" not in amtool.run("alert", "query")
    assert "suppressed" in amtool.run("alert", "query", "--silenced", "DiskFull")
    extended = amtool.run("--output=extended", "silence", "query", "alertname=DiskFull")
    assert 'alertname="DiskFull"' in extended
    assert 'severity=~"page|critical"' in extended
    assert ("jo" in extended, "the move" in extended) == (True, True)
    assert amtool.ids("--created-by=sam") == []
    updated = amtool.run("silence", "update", "-q", "--duration=30m", "--comment=longer", made)
    assert "0x" in updated or made in updated  # 0.25 prints the address of the id
    [shown] = amtool.json("silence", "query")
    assert (shown["id"], shown["comment"]) == (made, "longer")
    assert amtool.ids("--within=1h") == [made]
    assert amtool.ids("--within=10m") == []
    other = amtool.run(
        "silence", "add", "team=storage", "--author=jo", "--comment=c", how=amtool.by_address
    ).strip()
    exported = tmp_path / "silences.json"
    exported.write_text(amtool.run("--output=json", "silence", "query"))
    amtool.run("silence", "expire", made, other)
    assert amtool.ids() == []
    assert set(amtool.ids("--expired")) == {made, other}
    imported = amtool.run("silence", "import", str(exported)).split()
    assert set(amtool.ids()) == set(imported)
    assert len(imported) == 2
    assert not {made, other} & set(imported)
    amtool.run("silence", "import", "--force", str(exported))
    assert len(amtool.ids("alertname=DiskFull")) == 2
    amtool.run("silence", "expire", *amtool.ids())
    amtool.run("silence", "expire", made)
    broad = amtool.run("silence", "add", "a=~.*", "--author=jo", "--comment=c", fails=True)
    assert "at least one matcher must not match the empty string" in broad
    unknown = "00000000-0000-4000-8000-000000000000"
    assert "404" in amtool.run("silence", "expire", unknown, fails=True)


def ask_the_routing(amtool, tmp_path):
    shown = amtool.run("config", "show")
    assert '# rule loads: left out: load>"5" compares numbers' in shown
    assert "example.com" not in shown
    kept = tmp_path / "alertmanager.yml"
    kept.write_text(shown)
    checked = amtool.run("check-config", str(kept))
    assert "SUCCESS" in checked
    assert "1 inhibit rules" in checked
    tree = amtool.run("config", "routes", "show")
    assert 'job="billing"' in tree
    assert "receiver: ops mail" in tree
    for labels, receivers in (
        (["severity=page", "job=billing"], "pager,ops mail"),
        (["severity=page", "service=x", "job=billing"], "pager"),
        (["app=billing"], "ops mail"),
        (["alertname=Watchdog", "severity=critical"], "null"),
        (["severity=warning"], "null"),
    ):
        verify = f"--verify.receivers={receivers}"
        assert amtool.run("config", "routes", "test", verify, *labels).strip() == receivers
    assert "pager" in amtool.run("config", "routes", "test", "--tree", "severity=critical")
    assert "goVersion" in amtool.run("--output=extended", "config", "show")
    assert amtool.json("config", "show")["config"]["original"] in shown
