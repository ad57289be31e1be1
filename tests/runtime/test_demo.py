"""`manage.py demo` against the real portal."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from opsportal.runtime.demo_world import answers
from tests.portal import ROOT, Portal, free_port
from tests.waiting import wait_until

pytestmark = pytest.mark.processes


def start_demo(portal: Portal, *arguments: str) -> subprocess.Popen[str]:
    # A suite that runs in the background hands on that SIGINT is ignored: env undoes that.
    env = ["env", "--default-signal=INT"]
    return subprocess.Popen(
        [*env, sys.executable, "manage.py", "demo", "--url", portal.url, *arguments],
        cwd=ROOT,
        env=portal.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ask(portal: Portal, path: str) -> Any:
    status, body = portal.get(f"/api/v1/{path}", {"Authorization": f"Bearer {portal.key}"})
    assert status == 200, f"{body}\n{portal.output()[-6000:]}"
    return json.loads(body)


def told(portal: Portal) -> bool:
    """Whether somebody has been told of an alert of the demo."""
    found = ask(portal, "alerts?service=billing&environment=production")["results"]
    stories = [ask(portal, f"alerts/{alert['id']}") for alert in found]
    return any(n["state"] == "done" for story in stories for n in story["notifications"])


def test_a_demo_fills_the_portal_and_ctrl_c_ends_it(portal):
    demo = start_demo(portal, "--fast")
    try:
        wait_until(lambda: told(portal), 120, what="a delivery to the demo's sink")
        wait_until(lambda: ask(portal, "alerts?status=acknowledged")["results"], 60)
        wait_until(lambda: ask(portal, "alerts?name=HostUnreachable")["results"], 60)
        wait_until(lambda: ask(portal, "alerts?name=SiteDown")["results"], 60)
        demo.send_signal(signal.SIGINT)
        said, complaints = demo.communicate(timeout=60)
    finally:
        demo.kill()
    assert demo.returncode == 0, complaints
    for word in (
        "opened",
        "acknowledged",
        "301 alerts: a switch is down",
        "Its key is revoked",
    ):
        assert word in said
    assert ask(portal, "alerts?open=true")["results"]


def test_without_a_portal_it_says_how_to_start_one(portal):
    portal.url = f"http://127.0.0.1:{free_port()}"
    demo = start_demo(portal)
    _, complaints = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert "make run" in complaints
    assert "Traceback" not in complaints


def test_where_no_portal_runs_it_brings_a_world_of_its_own_and_leaves_nothing_behind(tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("OPSPORTAL_", "AWS_"))}
    env = inherited | {
        "DJANGO_SETTINGS_MODULE": "opsportal.settings",
        "OPSPORTAL_DATA_DIR": str(tmp_path),
    }
    with (tmp_path / "demo.log").open("wb") as log:
        demo = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--world", "--port", str(port)],
            cwd=ROOT, env=env, stdout=log, stderr=log,
        )  # fmt: skip
    said = (tmp_path / "demo.log").read_text
    try:
        wait_until(lambda: "ill " in said(), 180, what="an instance of the cloud falls ill")
        wait_until(lambda: "e-mail" in said(), 60, what="a letter comes")
        assert answers(url)
    finally:
        demo.terminate()
        demo.wait(30)
    wait_until(lambda: not answers(url), 30, what="the portal has gone with the demo")
