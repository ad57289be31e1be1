"""Blackouts are silences: behaviour 16 of the reference."""

from datetime import timedelta
from uuid import uuid4

import pytest

from alerts.change import save_silence
from alerts.models import Silence
from opsportal.accounts.models import AuditEntry, Team
from opsportal.lib.times import utc_now
from tests.alerts.alerta.client import Alerta
from tests.alerts.makers import JO

pytestmark = pytest.mark.django_db


class TestBlackouts:
    """Behaviour 16."""

    ALERT = {
        "resource": "web1", "event": "down", "environment": "Production", "group": "OS",
        "service": ["Web", "Db"], "tags": ["x", "y", "z"], "origin": "app/host",
        "severity": "major", "customer": "acme",
    }  # fmt: skip

    @pytest.mark.parametrize(
        ("named", "status"),
        [
            ({}, 202),
            ({"resource": "web1"}, 202),
            ({"resource": "web"}, 201),
            ({"event": "down"}, 202),
            ({"event": "up"}, 201),
            ({"group": "OS"}, 202),
            ({"group": "Misc"}, 201),
            ({"origin": "app/host"}, 202),
            ({"origin": "app"}, 201),
            ({"customer": "acme"}, 202),
            ({"service": ["Web"]}, 202),
            ({"service": ["Web", "Net"]}, 201),
            ({"tags": ["z", "x"]}, 202),
            ({"tags": ["x", "w"]}, 201),
            ({"resource": "web1", "event": "down", "service": ["Db"], "tags": ["y"]}, 202),
            ({"resource": "web1", "event": "down", "service": ["Db"], "tags": ["w"]}, 201),
            ({"environment": "Development"}, 201),
        ],
    )
    def test_all_that_is_named_must_fit(self, alerta, named, status):
        alerta.ask("post", "/blackout", {"environment": "Production", **named}, 201)
        answer = alerta.ask("post", "/alert", self.ALERT, status)
        if status == 202:
            assert answer["message"] == "Suppressed alert during blackout period"
            assert "alert" not in answer

    def test_it_is_a_silence(self, alerta):
        body = {"environment": "Production", "duration": 600, "text": "planned", "tags": ["a,b"]}
        made = alerta.ask("post", "/blackout", body, 201)["blackout"]
        silence = Silence.objects.get()
        assert str(silence.uuid) == made["id"]
        assert (silence.comment, silence.author) == ("planned", "key alerta")
        named = 'source="alerta", environment="Production", tags=~"(.*,)?a;b(,.*)?"'
        assert silence.match == f"{{{named}}}"
        assert (made["status"], made["duration"], made["priority"]) == ("active", 600, 7)
        assert 595 <= made["remaining"] <= 600
        assert alerta.get(f"/blackout/{made['id']}")["blackout"]["tags"] == ["a;b"]
        assert AuditEntry.objects.filter(target_type="alerts.silence", action="create").exists()

    def test_to_come_to_change_and_to_end(self, alerta):
        start = utc_now() + timedelta(hours=1)
        body = {"environment": "P", "startTime": f"{start:%Y-%m-%dT%H:%M:%S}.000Z"}
        made = alerta.ask("post", "/blackout", body, 201)["blackout"]
        assert (made["status"], made["duration"]) == ("pending", 3600)
        path = f"/blackout/{made['id']}"
        client = dict.fromkeys(["customer", "environment", "service", "resource", "event", "group",
                                "tags", "origin", "startTime", "endTime", "text"])  # fmt: skip
        changed = alerta.ask("put", path, client | {"resource": "r"})["blackout"]
        assert (changed["resource"], changed["environment"]) == ("r", "P")
        path = f"/blackout/{changed['id']}"
        [listed] = alerta.get("/blackouts")["blackouts"]
        assert listed["id"] == changed["id"]
        assert alerta.get("/blackouts", status="active")["total"] == 0
        alerta.ask("delete", path)
        assert alerta.get("/blackouts")["blackouts"] == []
        assert alerta.get(path)["blackout"]["status"] == "expired"
        alerta.ask("delete", path)

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({}, 'Missing mandatory value for "environment"'),
            ({"environment": "P", "resource": ""}, "resource can not be an empty string"),
            ({"environment": "P", "service": "x"}, "service must be a list"),
            ({"environment": "P", "duration": -1}, "duration must be a positive number"),
            ({"environment": "P", "duration": 10**9}, "duration must be a positive number"),
            ({"environment": "P", "duration": 86_400 * 365}, "at most"),
            ({"environment": "P", "startTime": "now"}, "dates must be ISO 8601"),
            ({"environment": "P", "endTime": "2020-01-01T00:00:00.000Z"}, "ends_at"),
            ({"environment": "P", "tags": ["x" * 400] * 9}, "match"),
            ({"environment": "P\n\"x", "resource": "\\"}, ""),
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_is_refused(self, alerta, body, message):
        answer = alerta.ask("post", "/blackout", body, 400 if message else 201)
        assert message in answer.get("message", "")

    def test_a_silence_of_ours_that_says_the_same_is_one_and_another_is_not(self, alerta):
        now = utc_now()
        for match in ('{environment="P", source="alerta"}', '{environment="P"}'):
            ends_at = now + timedelta(hours=1)
            silence = Silence(match=match, starts_at=now, ends_at=ends_at, comment="ours")
            save_silence(silence, actor=JO, now=now)
        [listed] = alerta.get("/blackouts")["blackouts"]
        assert (listed["environment"], listed["user"]) == ("P", "jo")
        other = Silence.objects.get(match='{environment="P"}')
        alerta.ask("delete", f"/blackout/{other.uuid}", expect=404)
        for unknown in (uuid4(), "x", "%00"):
            alerta.ask("get", f"/blackout/{unknown}", expect=404)

    def test_a_teams_is_for_its_own(self):
        team, other = (Team.objects.create(name=name) for name in ("ours", "theirs"))
        ours, theirs = Alerta(team=team, name="a"), Alerta(team=other, name="b")
        made = ours.ask("post", "/blackout", {"environment": "Production"}, 201)
        assert Silence.objects.get().team == team
        ours.post(202)
        theirs.post(resource="b")
        path = f"/blackout/{made['id']}"
        assert theirs.ask("delete", path, expect=403)["code"] == 403
        theirs.ask("put", path, {"resource": "x"}, 403)
        ours.ask("delete", path)
