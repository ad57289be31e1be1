"""`GET /status`, and what every path has: its methods, its headers, its refusals."""

import pytest

from opsportal.lib.times import utc_now
from tests.alerts.alertmanager.client import Ours, instant
from tests.alerts.makers import make_channel, make_rule

pytestmark = pytest.mark.django_db


def test_answers_are_not_kept_and_unknown_paths_say_so(api, client):
    answer = client.get("/alertmanager/api/v2/alerts", headers=api.headers)
    assert answer.headers["Cache-Control"] == "no-store"
    assert api.get("nothing") == (
        404,
        {"code": 404, "message": "path /api/v2/nothing was not found"},
    )
    gone = client.post("/alertmanager/api/v1/alerts", b"[]", content_type="application/json")
    assert (gone.status_code, gone.json()["status"]) == (410, "deprecated")
    for path in ("healthy", "ready"):
        assert client.get(f"/alertmanager/-/{path}").content == b"OK"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "alerts", "GET,POST"), ("HEAD", "alerts", None), ("OPTIONS", "silences", "GET,POST"),
     ("PATCH", "silence/x", "GET,DELETE"), ("POST", "status", "GET"),
     ("DELETE", "receivers", "GET")],
)  # fmt: skip
def test_other_methods_are_refused(api, method, path, allowed):
    status, said = api.call(method, path, b"{}", "application/json")
    message = f"method {method} is not allowed, but [{allowed}] are"
    assert status == 405
    assert allowed is None or said == {"code": 405, "message": message}


def test_status_has_all_that_is_required(api):
    status, said = api.get("status")
    assert status == 200
    assert said["cluster"] == {"name": "opsportal", "status": "ready", "peers": []}
    assert set(said["versionInfo"]) == {
        "version", "revision", "branch", "buildUser", "buildDate", "goVersion",
    }  # fmt: skip
    assert instant(said["uptime"]) < utc_now()
    assert "receiver: 'null'" in said["config"]["original"]


def test_the_routing_takes_the_right_to_read_it_and_says_no_secret():
    channel = make_channel("hook", "webhook", settings={"url": "https://x/?token=s3cret"})
    make_rule("a rule", "", channel)
    readable = Ours("config:read").get("status")[1]["config"]["original"]
    hidden = Ours("alerts:write").get("status")[1]["config"]["original"]
    assert "# rule a rule" in readable
    assert "s3cret" not in readable
    assert "a rule" not in hidden
    assert "receiver: 'null'" in hidden
