"""Heartbeats are heartbeats: behaviour 18 of the reference."""

from datetime import timedelta

import pytest
import time_machine

from alerts.heartbeat import check_heartbeats
from alerts.models import Alert, AlertaHeartbeat, Heartbeat
from opsportal.accounts.models import Team
from opsportal.lib.times import utc_now
from tests.alerts.alerta.client import ERROR, Alerta

pytestmark = pytest.mark.django_db


class TestHeartbeats:
    """Behaviour 18."""

    def test_the_same_origin_is_the_same_heartbeat(self, alerta):
        body = {"origin": "backup/web1", "tags": ["x"], "timeout": 60}
        first = alerta.ask("post", "/heartbeat", body, 201)
        assert set(first["heartbeat"]) == {
            "id", "href", "origin", "tags", "attributes", "type", "createTime", "timeout",
            "maxLatency", "receiveTime", "customer", "latency", "since", "status",
        }  # fmt: skip
        again = alerta.ask("post", "/heartbeat", body, 201)
        assert again["id"] == first["id"]
        other = alerta.ask("post", "/heartbeat", {**body, "customer": "acme"}, 201)
        assert other["id"] != first["id"]
        assert alerta.get("/heartbeats")["total"] == 2
        assert alerta.get(f"/heartbeat/{first['id'][:8]}")["heartbeat"]["origin"] == "backup/web1"

    def test_an_old_one_is_expired_and_a_late_one_slow(self, alerta):
        now = utc_now()
        body = {"origin": "a", "timeout": 60, "createTime": f"{now:%Y-%m-%dT%H:%M:%S}.000Z"}
        with time_machine.travel(now + timedelta(seconds=5), tick=False):
            slow = alerta.ask("post", "/heartbeat", body, 201)["heartbeat"]
            assert slow["status"] == "slow"
            assert slow["latency"] > 2000
        with time_machine.travel(now + timedelta(seconds=66), tick=False):
            [expired] = alerta.get("/heartbeats", status="expired")["heartbeats"]
            assert (expired["status"], expired["since"]) == ("expired", 61)
            assert alerta.get("/heartbeats", status="ok")["heartbeats"] == []

    def test_it_is_watched_by_the_portal(self, alerta):
        now = utc_now()
        attributes = {"environment": "Production", "severity": "critical", "service": ["Db"]}
        body = {"origin": "backup/web1", "timeout": 60, "attributes": attributes}
        alerta.ask("post", "/heartbeat", body, 201)
        heartbeat = Heartbeat.objects.get()
        assert heartbeat.name.startswith("alerta:backup-web1-")
        assert (heartbeat.severity, heartbeat.service) == ("critical", "Db")
        assert (heartbeat.interval, heartbeat.environment) == (timedelta(seconds=60), "Production")
        for seconds in range(0, 61, 20):
            check_heartbeats(now=now + timedelta(seconds=seconds))
        assert not Alert.objects.exists()
        check_heartbeats(now=now + timedelta(seconds=65))
        assert Alert.objects.get().name == "HeartbeatMissing"
        alerta.ask("post", "/heartbeat", body | {"timeout": 90}, 201)
        heartbeat.refresh_from_db()
        assert (heartbeat.state, heartbeat.interval.total_seconds()) == ("ok", 90)
        assert Alert.objects.get().status == "resolved"

    def test_an_alert_of_that_event_is_one(self, alerta):
        body = {"resource": "r", "event": "Heartbeat", "origin": "app/x", "timeout": 60,
                "service": ["Web"], "severity": "major", "environment": "P"}  # fmt: skip
        answer = alerta.ask("post", "/alert", body, 202)
        assert answer["message"] == "Alert converted to Heartbeat"
        [listed] = alerta.get("/heartbeats")["heartbeats"]
        assert (listed["id"], listed["origin"]) == (answer["id"], "app/x")
        assert listed["attributes"]["service"] == ["Web"]
        assert not Alert.objects.exists()

    def test_it_is_forgotten(self, alerta):
        number = alerta.ask("post", "/heartbeat", {"origin": "a"}, 201)["id"]
        alerta.ask("delete", f"/heartbeat/{number}")
        assert not AlertaHeartbeat.objects.exists()
        assert not Heartbeat.objects.exists()
        alerta.ask("delete", f"/heartbeat/{number}", expect=404)

    def test_a_teams_is_its_own(self):
        team, other = (Team.objects.create(name=name) for name in ("ours", "theirs"))
        ours, theirs = Alerta(team=team, name="a"), Alerta(team=other, name="b")
        number = ours.ask("post", "/heartbeat", {"origin": "a"}, 201)["id"]
        theirs.ask("post", "/heartbeat", {"origin": "a"}, 403)
        theirs.ask("delete", f"/heartbeat/{number}", expect=403)

    @pytest.mark.parametrize(
        "body",
        [
            {"origin": "x" * 301}, {"tags": "x"}, {"timeout": -1}, {"timeout": "x"},
            {"attributes": {"a.b": 1}}, {"customer": ""}, {"createTime": "x"}, {"origin": []},
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_is_refused(self, alerta, body):
        assert set(alerta.ask("post", "/heartbeat", body, 400)) == ERROR
        assert not Heartbeat.objects.exists()

    @pytest.mark.parametrize("origin", ["", None, "a b/c", "ä" * 300, "x\0", "-", "a", 5])
    def test_any_origin_has_a_name_here(self, alerta, origin):
        alerta.ask("post", "/heartbeat", {"origin": origin, "timeout": 0}, 201)
        assert Heartbeat.objects.get().state == "ok"
