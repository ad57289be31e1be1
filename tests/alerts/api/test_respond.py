"""Acting on alerts through the API."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from alerts.models import Alert, Transition
from opsportal.accounts.models import ApiKey, AuditEntry, Team, User
from opsportal.lib.times import utc_now
from tests.alerts.api.conftest import Caller, make_alert, make_key

NOTHING = "9223372036854775807"
VERBS = {
    "acknowledge": {},
    "unacknowledge": {},
    "resolve": {},
    "assign": {"user": None},
    "snooze": {"until": "2h"},
    "unsnooze": {},
    "notes": {"text": "seen"},
}


class TestOneAlert:
    def test_an_acknowledgement_is_answered_with_the_alert_and_leaves_a_trail(self, api):
        alert = make_alert()
        answer = api.post(f"alerts/{alert.pk}/acknowledge", {"note": "mine"})
        assert answer.status_code == 200
        assert answer.json()["status"] == "acknowledged"
        taken = Transition.objects.get(kind="acknowledged")
        assert (taken.note, taken.key_id) == ("mine", ApiKey.objects.get().pk)
        assert AuditEntry.objects.get(action="acknowledge").target_id == str(alert.pk)

    def test_a_redundant_action_is_a_conflict_that_shows_the_alert(self, api):
        alert = make_alert()
        api.post(f"alerts/{alert.pk}/acknowledge")
        answer = api.post(f"alerts/{alert.pk}/acknowledge")
        assert answer.status_code == 409
        assert answer.json()["code"] == "conflict"
        assert answer.json()["alert"]["status"] == "acknowledged"
        assert Transition.objects.filter(kind="acknowledged").count() == 1

    def test_the_whole_round(self, api):
        alert = make_alert()
        User.objects.create_user("ada")
        path = f"alerts/{alert.pk}"
        assert api.post(f"{path}/assign", {"user": "ada"}).json()["assignee"] == "ada"
        assert api.post(f"{path}/assign", {"user": None}).json()["assignee"] is None
        assert api.post(f"{path}/acknowledge").json()["status"] == "acknowledged"
        assert api.post(f"{path}/unacknowledge").json()["status"] == "firing"
        assert api.post(f"{path}/snooze", {"until": "2h"}).json()["snoozed_until"]
        assert api.post(f"{path}/unsnooze").json()["snoozed_until"] is None
        assert api.post(f"{path}/notes", {"text": "seen"}).status_code == 200
        assert api.post(f"{path}/resolve", {"note": "gone"}).json()["status"] == "resolved"
        assert api.post(f"{path}/resolve").status_code == 409
        assert Transition.objects.get(kind="noted").note == "seen"

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("alert_id", ["1", "0", "-1", "x", NOTHING, "9" * 40, "%00"])
    def test_what_is_no_alert_is_not_found(self, api, verb, alert_id):
        answer = api.post(f"alerts/{alert_id}/{verb}", VERBS[verb])
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"

    def test_a_snooze_ends_as_far_ahead_as_asked(self, api):
        alert = make_alert()
        answer = api.post(f"alerts/{alert.pk}/snooze", {"until": "90m"}).json()
        ahead = datetime.fromisoformat(answer["snoozed_until"]) - utc_now()
        assert timedelta(minutes=89) < ahead <= timedelta(minutes=90)
        until = datetime(2027, 1, 1, tzinfo=UTC)
        when = min(until, utc_now() + timedelta(days=30)).isoformat()
        answer = api.post(f"alerts/{alert.pk}/snooze", {"until": when})
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("verb", "body"),
        [
            ("snooze", {}),
            ("snooze", {"until": None}),
            ("snooze", {"until": 5}),
            ("snooze", {"until": "soon"}),
            ("snooze", {"until": "2020-01-01T00:00:00Z"}),
            ("snooze", {"until": "9999-12-31T23:59:59Z"}),
            ("snooze", {"until": "9999-12-31T23:59:59-14:00"}),
            ("snooze", {"until": "0001-01-01T00:00:00+14:00"}),
            ("snooze", {"until": "999999999w"}),
            ("snooze", {"until": "0m"}),
            ("snooze", {"until": "-2h"}),
            ("snooze", {"until": "2h\0"}),
            ("snooze", {"until": "٢h"}),
            ("snooze", {"until": "9" * 5000}),
            ("assign", {}),
            ("assign", {"user": "nobody-here"}),
            ("assign", {"user": 7}),
            ("assign", {"user": {"a": 1}}),
            ("assign", {"user": "a\0"}),
            ("assign", {"user": ""}),
            ("notes", {}),
            ("notes", {"text": ""}),
            ("notes", {"text": "  "}),
            ("notes", {"text": ["a"]}),
            ("notes", {"text": "a\0b"}),
            ("notes", {"text": "x" * 10_001}),
            ("acknowledge", {"note": {"a": 1}}),
            ("acknowledge", {"note": "a\0b"}),
            ("resolve", []),
            ("resolve", "text"),
            ("resolve", 5),
        ],
    )
    def test_nonsense_is_refused_in_the_one_shape(self, api, verb, body):
        alert = make_alert()
        answer = api.client.post(
            f"/api/v1/alerts/{alert.pk}/{verb}",
            json.dumps(body),
            content_type="application/json",
            headers=api.headers,
        )
        assert answer.status_code == 400, answer.content
        assert answer.json()["code"] == "invalid"
        assert set(answer.json()) == {"code", "message", "errors"}
        assert Transition.objects.count() == 1

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"\xff\xfe",
            b"nul",
            b"[" * 100_000,
            b'{"note": "\\ud800"}',
            b'{"note": NaN}',
            b"\0",
        ],
    )
    def test_what_is_not_json_is_refused(self, api, body):
        alert = make_alert()
        answer = api.client.post(
            f"/api/v1/alerts/{alert.pk}/acknowledge",
            body,
            content_type="application/json",
            headers=api.headers,
        )
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid"

    def test_a_body_beyond_the_limit_is_too_large(self, api, settings):
        settings.MAX_BODY_BYTES = 1000
        answer = api.post(f"alerts/{make_alert().pk}/notes", {"text": "x" * 2000})
        assert answer.status_code == 413


class TestMany:
    def test_each_has_a_result_of_its_own(self, api):
        fires, taken = make_alert("a"), make_alert("b")
        api.post(f"alerts/{taken.pk}/acknowledge")
        answer = api.post(
            "alerts/bulk", {"action": "acknowledge", "ids": [taken.pk, fires.pk, 999_999]}
        )
        assert answer.status_code == 200
        assert [(row["id"], row["outcome"]) for row in answer.json()["results"]] == [
            (taken.pk, "conflict"),
            (fires.pk, "done"),
            (999_999, "not_found"),
        ]

    @pytest.mark.parametrize(
        ("action", "more"),
        [
            ("acknowledge", {"note": "all mine"}),
            ("assign", {"user": "ada"}),
            ("snooze", {"until": "1h"}),
            ("note", {"text": "seen"}),
            ("resolve", {}),
        ],
    )
    def test_every_action_has_a_bulk_form(self, api, action, more):
        User.objects.create_user("ada")
        ids = [make_alert(str(number)).pk for number in range(3)]
        answer = api.post("alerts/bulk", {"action": action, "ids": ids, **more})
        assert [row["outcome"] for row in answer.json()["results"]] == ["done"] * 3

    def test_what_belongs_elsewhere_does_no_harm(self, api):
        """`until` for an acknowledgement, `user` for a note."""
        alert = make_alert()
        body = {"action": "acknowledge", "ids": [alert.pk], "until": "1h", "text": "x"}
        answer = api.post("alerts/bulk", body)
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"action": "acknowledge"},
            {"action": "explode", "ids": [1]},
            {"action": "acknowledge", "ids": []},
            {"action": "acknowledge", "ids": "1"},
            {"action": "acknowledge", "ids": [0]},
            {"action": "acknowledge", "ids": [2**63]},
            {"action": "acknowledge", "ids": [10**400]},
            {"action": "acknowledge", "ids": [None]},
            {"action": "acknowledge", "ids": ["x"]},
            {"action": "acknowledge", "ids": list(range(1, 1002))},
            {"action": "snooze", "ids": [1]},
            {"action": "assign", "ids": [1]},
            {"action": "note", "ids": [1]},
            {"action": {"a": 1}, "ids": [1]},
        ],
    )
    def test_nonsense_is_refused(self, api, body):
        answer = api.post("alerts/bulk", body)
        assert answer.status_code == 400, answer.content
        assert answer.json()["errors"]


class TestWho:
    def test_acting_needs_its_scope(self, db):
        alert = make_alert()
        assert Caller().post(f"alerts/{alert.pk}/resolve").status_code == 401
        reader = Caller(make_key("alerts:read"))
        assert reader.post(f"alerts/{alert.pk}/resolve").status_code == 403
        assert reader.post("alerts/bulk", {}).status_code == 403

    def test_a_teams_key_acts_on_its_teams_alerts_and_on_nobodys(self, payments):
        other = Team.objects.create(name="search")
        key = Caller(make_key("alerts:respond", team=payments))
        own, theirs = make_alert("a", team_id=payments.pk), make_alert("b", team_id=other.pk)
        nobodys = make_alert("c")
        assert key.post(f"alerts/{own.pk}/resolve").status_code == 200
        assert key.post(f"alerts/{nobodys.pk}/resolve").status_code == 200
        assert key.post(f"alerts/{theirs.pk}/resolve").status_code == 403
        answer = key.post("alerts/bulk", {"action": "resolve", "ids": [theirs.pk, own.pk]})
        assert [row["outcome"] for row in answer.json()["results"]] == ["forbidden", "conflict"]
        assert Alert.objects.get(pk=theirs.pk).resolved_at is None

    def test_a_responder_acts_on_the_own_team_a_viewer_on_none(self, payments, person):
        other = Team.objects.create(name="search")
        own, theirs = make_alert("a", team_id=payments.pk), make_alert("b", team_id=other.pk)
        responder = person("ada", "responder", payments)
        viewer = person("bob", "viewer", payments)
        outsider = person("eve")
        assert viewer.get("alerts").status_code == 200
        assert viewer.post(f"alerts/{own.pk}/resolve").status_code == 403
        assert outsider.get("alerts").status_code == 403
        assert responder.post(f"alerts/{theirs.pk}/resolve").status_code == 403
        assert responder.post(f"alerts/{own.pk}/resolve").status_code == 200
        boss = person("root", administrator=True)
        assert boss.post(f"alerts/{theirs.pk}/resolve").status_code == 200

    def test_a_session_needs_the_csrf_token(self, payments, person):
        alert = make_alert()
        person("ada", "responder", payments)
        client = Client(enforce_csrf_checks=True)
        client.force_login(User.objects.get(username="ada"))
        assert Caller(client=client).post(f"alerts/{alert.pk}/resolve").status_code == 403
        assert Alert.objects.get().resolved_at is None
