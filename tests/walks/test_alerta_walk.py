"""The real `alerta` command line against the running portal: only the base URL is another."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.alerts.receivers import mail_server
from tests.waiting import wait_until

cli = pytest.importorskip("alertaclient.cli").cli
PROGRAM = Path(sys.executable).parent / "alerta"
pytestmark = [
    pytest.mark.processes,
    # What `alerta version` asks click for.
    pytest.mark.filterwarnings("ignore:The '__version__' attribute is deprecated"),
]
MAIL = """
channels:
- {name: ops mail, kind: email, settings: {to: [ops@example.com]}}
rules:
- {name: web, match: '{environment="Production", resource=~"web.*"}', order: 1,
   actions: [{notify: ops mail}]}
"""


class CommandLine:
    """`alerta` as somebody calls it who moved to the portal.

    The program itself starts for half a second: most commands are given to it in this process.
    """

    def __init__(self, endpoint, key, home):
        # With TERM it would read alerts from standard input.
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "TERM": "",
            "ALERTA_ENDPOINT": endpoint, "ALERTA_API_KEY": key,
        }  # fmt: skip
        self.transcript = []

    def __call__(self, *words, code=0):
        done = CliRunner(env=self.env).invoke(cli, words)
        return self._said(words, done.exit_code, done.output, code)

    def program(self, *words, code=0):
        """As a process."""
        done = subprocess.run(
            [str(PROGRAM), *words], env=self.env, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        return self._said(words, done.returncode, done.stdout + done.stderr, code)

    def _said(self, words, ended, output, code):
        self.transcript += [f"$ alerta {' '.join(words)}", output]
        assert ended == code, "\n".join(self.transcript[-4:])
        return output

    def json(self, *words):
        return json.loads(self("--json", *words))

    def send(self, *words, resource="web1", severity="major"):
        said = self.program(
            "send", "-r", resource, "-e", "node_down", "-E", "Production", "-S", "Web", "-s",
            severity, *words,
        )  # fmt: skip
        found = re.fullmatch(r"([0-9a-f-]{36}) \((.*)\)\n", said)
        assert found, said
        return found[1], found[2]


@pytest.fixture
def portal_and_alerta(walk, tmp_path):
    with mail_server() as mail:
        walker = walk(OPSPORTAL_EMAIL_URL=f"smtp://127.0.0.1:{mail.port}")
        walker.configure(MAIL)
        scopes = ("alerts:write", "alerts:read", "alerts:respond", "silences:write", "config:read")
        words = [word for scope in scopes for word in ("--scope", scope)]
        key = walker.manage("createkey", "cli", *words).split()[-1]
        walker.key = key
        alerta = CommandLine(f"{walker.portal.url}/alerta", key, tmp_path)
        yield walker, mail, alerta
        # For whoever wants to read what was said.
        if path := os.environ.get("ALERTA_TRANSCRIPT"):
            Path(path).write_text("\n".join(alerta.transcript))


def test_every_command_that_has_a_meaning_here(portal_and_alerta):
    walker, mail, alerta = portal_and_alerta
    number = senders(walker, mail, alerta)
    operators(walker, alerta, number)
    readers(alerta, number)
    keepers(walker, alerta)
    the_server(walker, alerta)


def senders(walker, mail, alerta):
    """What is sent tells people, once."""
    number, said = alerta.send(
        "-t", "it is down", "-T", "os:linux", "-A", "region=eu", "-v", "93", "-C", "node_up"
    )
    assert said == "indeterminate -> major"
    assert alerta.send()[1] == "1 duplicates"
    assert alerta.send(severity="critical") == (number, "major -> critical")
    wait_until(lambda: len(mail.received) >= 1, 60, what="the mail")
    [alert] = walker.get("/api/v1/alerts?match=source%3Dalerta")["results"]
    assert (alert["severity"], alert["repeat_count"]) == ("critical", 2)
    assert "ERROR: Severity (bad)" in alerta.program(
        "send", "-r", "x", "-e", "y", "-s", "bad", code=1
    )
    alerta.send("-t", "other", resource="db1", severity="minor")
    return number


def operators(walker, alerta, number):
    """What operators do is done at the portal too, and what is done there they see."""

    def shown():
        return walker.get(f"/alerta/alert/{number}")["alert"]

    def status():
        return shown()["status"]

    def state():
        found = walker.get("/api/v1/alerts?open=true&match=resource%3Dweb1")["results"]
        return [(alert["status"], alert["snoozed_until"] is not None) for alert in found]

    short = number[:8]
    alerta.program("ack", "-i", short, "--text", "mine")
    assert (status(), state()) == ("ack", [("acknowledged", False)])
    alerta("unack", "-i", short)
    assert (status(), state()) == ("open", [("firing", False)])
    alerta("shelve", "-q", 'resource:"web1"', "--timeout", "600")
    assert (status(), state()) == ("shelved", [("firing", True)])
    alerta("unshelve", "-f", "resource=web1")
    assert (status(), state()) == ("open", [("firing", False)])
    alerta("action", "-a", "createTicket", "-i", number, "--text", "OPS-1")
    alerta("tag", "-i", number, "-T", "night", "-T", "x")
    alerta("untag", "-i", number, "-T", "x")
    alerta("update", "-i", number, "-A", "owner=jo")
    alerta("note", "-i", number, "--text", "look at the disk")
    [note] = alerta.json("notes", "-i", number)
    assert note["text"] == "look at the disk"
    alerta("note", "-D", number, note["id"])
    assert walker.get(f"/alerta/alert/{number}/notes")["notes"] == []
    alert = shown()
    assert sorted(alert["tags"]) == ["night", "os:linux"]
    assert alert["attributes"]["owner"] == "jo"
    [alert] = walker.get("/api/v1/alerts?open=true&match=resource%3Dweb1")["results"]
    code, _ = walker.call("POST", f"/api/v1/alerts/{alert['id']}/acknowledge", {})
    assert (code, status()) == (200, "ack")
    alerta("close", "-i", number)
    assert (status(), state()) == ("closed", [])


def readers(alerta, number):
    """Tables and JSON."""
    table = alerta.program("query")
    assert "LAST RECEIVED" in table
    assert number[:8] in table
    assert "web1" in alerta("query", "--medium")
    assert "trend      | moreSevere" in alerta("query", "--full", "-i", number)
    assert [alert["resource"] for alert in alerta.json("query", "-f", "severity=minor")] == ["db1"]
    assert len(alerta("--output", "json_lines", "query").splitlines()) == 2
    history = alerta("history", "-i", number)
    for kind in ("new", "severity", "ack", "unack", "shelve", "unshelve", "action", "close"):
        assert re.search(rf" {kind} ", history), kind
    assert alerta.json("history")[0]["type"]
    assert "RAW DATA" in alerta("raw", "-i", number)
    for flag, word in (("-E", "Production"), ("-S", "Web"), ("-g", "Misc"), ("-T", "night")):
        assert word in alerta("alerts", flag)


def keepers(walker, alerta):
    """Blackouts are silences, heartbeats are heartbeats."""
    blackout = alerta("blackout", "-E", "Production", "-r", "web9", "--text", "planned").strip()
    assert alerta.send(resource="web9")[1] == "Suppressed alert during blackout period"
    assert "web9" in alerta("blackouts")
    [silence] = walker.get("/api/v1/silences?open=true")["results"]
    assert (silence["uuid"], silence["comment"]) == (blackout, "planned")
    alerta("blackout", "-D", blackout)
    assert "planned" not in alerta("blackouts", "--purge")

    def beats():
        return [beat["status"] for beat in walker.get("/alerta/heartbeats")["heartbeats"]]

    def about_beats():
        found = walker.get("/alerta/alerts?group=System")["alerts"]
        return [(alert["resource"], alert["event"], alert["status"]) for alert in found]

    said = ("heartbeat", "-O", "backup/web1", "-E", "Production", "--timeout")
    beat = alerta(*said, "1").strip()
    wait_until(lambda: beats() == ["expired"], 30)
    assert "backup/web1" in alerta("heartbeats", "--alert")
    assert about_beats() == [("backup/web1", "HeartbeatFail", "open")]
    assert alerta(*said, "60").strip() == beat
    assert " ok" in alerta("heartbeats", "--alert")
    assert about_beats() == [("backup/web1", "HeartbeatOK", "closed")]
    alerta("heartbeat", "-D", beat)
    assert beats() == []


def the_server(walker, alerta):
    """What is asked of the server itself, and what is not here."""
    assert "alarm_model" in alerta("config")
    assert "alerta 9.1.0" in alerta("version")
    assert "Total alerts" in alerta("status")
    assert " up 0 days" in alerta("uptime")
    assert alerta("whoami").strip() == "cli"
    assert "write:alerts" in alerta("scopes")
    alerta("housekeeping", "--expired", "1")
    alerta("delete", "-f", "resource=db1")
    assert walker.get("/alerta/alerts?resource=db1")["total"] == 0
    assert "are kept in the portal" in alerta("keys", code=1)
