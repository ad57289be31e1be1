"""Beats through the API."""

import pytest

from alerts.models import Alert, Heartbeat
from tests.alerts.api.conftest import Caller, make_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def sender(db):
    return Caller(make_key("alerts:write"))


def test_an_unknown_one_is_404_and_says_what_to_do(sender):
    answer = sender.post("heartbeats/backup")
    assert answer.status_code == 404
    assert '{"interval": "5m"}' in answer.json()["message"]
    assert sender.post("heartbeats/a%00b").status_code == 404


@pytest.mark.parametrize("interval", [300, "5m", 300.0])
def test_it_is_set_up_by_its_first_beat_and_needs_no_body_then(sender, api, interval):
    answer = sender.post("heartbeats/backup", {"interval": interval, "grace": 30})
    assert (answer.status_code, answer.json()) == (200, {"name": "backup", "state": "ok"})
    assert sender.post("heartbeats/backup").json()["state"] == "ok"
    url = "/api/v1/heartbeats/backup"
    assert sender.client.put(url, headers=sender.headers).json()["state"] == "ok"
    shown = api.get("heartbeats/backup").json()
    assert (shown["interval"], shown["grace"], shown["state"]) == (300, 30, "ok")
    assert api.get("heartbeats").json()["results"] == [shown]


def test_it_may_say_that_it_failed(sender):
    body = {"interval": "1h", "status": "fail", "message": "no space"}
    assert sender.post("heartbeats/backup", body).json()["state"] == "failed"
    assert "no space" in Alert.objects.get().summary


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"interval": "soon"}, "interval"),
        ({"interval": True}, "interval"),
        ({"interval": [5]}, "interval"),
        ({"interval": 1}, "interval"),
        ({"interval": 1e300}, "interval"),
        ({"interval": "5m", "grace": -1}, "grace"),
        ({"interval": "5m", "status": "so so"}, "status"),
        ({"interval": "5m", "message": "m" * 1001}, "message"),
        ({"interval": "5m", "message": "a\0b"}, "message"),
        ([1], ""),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_field(sender, body, field):
    answer = sender.post("heartbeats/backup", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field
    assert not Heartbeat.objects.exists()


def test_a_name_that_cannot_be_one_is_refused(sender):
    assert sender.post("heartbeats/a%20b", {"interval": "5m"}).status_code == 400


def test_a_teams_key_does_not_beat_for_another_team(sender, payments):
    Caller(make_key("alerts:write", team=payments)).post("heartbeats/backup", {"interval": "5m"})
    assert Heartbeat.objects.get().team == payments
    from_other = Caller(make_key("alerts:write", team=type(payments).objects.create(name="shop")))
    assert from_other.post("heartbeats/backup").status_code == 403
    assert sender.post("heartbeats/backup").status_code == 200
