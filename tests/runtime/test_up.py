"""The real processes: started, killed, restarted, stopped, and none left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.portal import ROOT, Portal, free_port, running_portal
from tests.waiting import wait_until

pytestmark = pytest.mark.processes


def test_a_first_start_makes_administrator_and_key_and_a_second_keeps_the_data(
    tmp_path, database_env
):
    with running_portal(tmp_path, database_env) as first:
        assert first.key.startswith("ops_")
        assert f"curl {first.url}/api/v1/alerts" in first.output()
        assert f"Authorization: Bearer {first.key}" in first.output()
        wait_until(first.ready, 60)
    with running_portal(tmp_path, database_env) as second:
        assert second.key == ""
        assert "createkey" in second.output()
        assert "shown this once" not in second.output()


def test_a_generated_password_is_printed_once_and_never_stored(tmp_path):
    with running_portal(tmp_path, {"OPSPORTAL_ADMIN_PASSWORD": ""}) as running:
        assert running.output().count("shown this once") == 2
        password = running.output().split(" password ")[1].split()[0]
        for path in tmp_path.glob("opsportal.sqlite3*"):
            assert password.encode() not in path.read_bytes()
            assert running.key.encode() not in path.read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_ends_everything_cleanly(portal, number):
    wait_until(lambda: len(portal.pids()) >= 9, 60)
    assert portal.stop(number) < 20
    assert portal.supervisor.returncode == 0
    assert portal.pids() == []
    assert "Traceback" not in portal.output()


def test_killing_the_supervisor_leaves_no_orphan(portal):
    wait_until(lambda: len(portal.pids("qcluster")) >= 5, 60)
    portal.supervisor.kill()
    wait_until(lambda: portal.pids() == [], 30, what="no process is left")


def test_killing_the_supervisor_and_its_guardian_leaves_no_orphan(portal):
    wait_until(lambda: len(portal.pids("qcluster")) >= 5, 60)
    os.kill(portal.pids("guardian.py")[0], signal.SIGSTOP)
    portal.supervisor.kill()
    portal.kill("guardian.py")
    wait_until(lambda: portal.pids() == [], 30, what="no process is left")


def test_a_killed_guardian_is_replaced_and_still_guards(portal):
    (old,) = portal.kill("guardian.py")
    wait_until(lambda: portal.pids("guardian.py") not in ([], [old]), 30)
    portal.supervisor.kill()
    wait_until(lambda: portal.pids() == [], 30, what="no process is left")


@pytest.mark.parametrize("name", ["granian", "qcluster", "dispatch"])
def test_a_killed_part_is_started_again_and_nothing_of_the_old_stays(portal, name):
    wait_until(portal.ready, 60)
    before = set(portal.pids(name))
    os.kill(min(before), signal.SIGKILL)  # the parent of the part; its children live on
    wait_until(lambda: not before & set(portal.pids(name)), 30, what="the old ones are gone")
    wait_until(lambda: portal.pids(name), 60)
    wait_until(portal.ready, 60)


def test_a_killed_web_worker_is_started_again(portal):
    worker = max(portal.pids("granian"))
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: worker not in portal.pids("granian"), 30)
    wait_until(lambda: portal.get("/healthz")[0] == 200, 60)


def test_a_killed_job_worker_is_started_again(portal):
    wait_until(lambda: len(portal.pids("qcluster")) >= 6, 60)
    count, worker = len(portal.pids("qcluster")), max(portal.pids("qcluster"))
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: worker not in portal.pids() and len(portal.pids("qcluster")) >= count, 60)


def test_a_taken_port_is_a_clear_message_and_exit_2(tmp_path):
    portal = Portal(tmp_path, {})
    with socket.create_server(("127.0.0.1", portal.port)):
        done = subprocess.run(
            [sys.executable, "manage.py", "up", "--port", str(portal.port)],
            cwd=ROOT,
            env=portal.env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 2
    assert f"port {portal.port} on 127.0.0.1 is taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_readyz_says_what_is_wrong_when_the_dispatcher_is_away(portal, database_env):
    wait_until(portal.ready, 60)
    with running_portal(portal.data_dir, database_env, ("--only", "web")) as web:
        assert web.ready()
        portal.stop()
        status, body = wait_until(lambda: _not_ready(web), 60)
        assert status == 503
        checks = json.loads(body)["checks"]
        assert checks["database"]["ok"]
        assert not checks["dispatcher"]["ok"]


def _not_ready(portal):
    status, body = portal.get("/readyz")
    return (status, body) if status == 503 else None


def test_an_idle_portal_costs_next_to_nothing(portal):
    wait_until(portal.ready, 60)
    (dispatcher,) = portal.pids("dispatch")

    def ticks():
        fields = Path(f"/proc/{dispatcher}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def spent():
        before = ticks()
        time.sleep(5)
        return ticks() - before

    # What it does once, at its start, is over before long.
    costs = [spent()]
    while costs[-1] > 25 and len(costs) < 6:
        costs.append(spent())
    assert costs[-1] <= 25, costs  # hundredths of a second, in five


def test_ctrl_c_before_it_is_ready_is_quiet(tmp_path):
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPSPORTAL_", "DJANGO_"))
    }
    started = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(free_port())],
        cwd=ROOT,
        env=inherited | {"OPSPORTAL_DATA_DIR": str(tmp_path / "data")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Background shells ignore the signal, and children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    # The database is there: the migrations are under way.
    wait_until(lambda: list((tmp_path / "data").glob("*.sqlite3")), 60)
    started.send_signal(signal.SIGINT)
    output, _ = started.communicate(timeout=60)
    assert started.returncode in (0, 130)
    assert "Traceback" not in output
