"""Reading alerts through the API."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Channel, DeliveryAttempt, Notification, Rule, Transition
from tests.alerts.api.conftest import NOW, Caller, make_alert, make_key


def names(answer):
    assert answer.status_code == 200, answer.content
    return [alert["name"] for alert in answer.json()["results"]]


def tell(alert, channel, about="critical"):
    """A notification with two attempts."""
    notification = Notification.objects.create(
        alert=alert,
        transition=alert.transitions.first(),
        channel=channel,
        about=about,
        created_at=NOW,
        due_at=NOW,
    )
    for number in (1, 2):
        DeliveryAttempt.objects.create(
            notification=notification,
            number=number,
            started_at=NOW,
            duration=timedelta(seconds=1.5),
            succeeded=number == 2,
            answer=f"answer {number}",
        )
    return notification


class TestLists:
    def test_the_newest_come_first(self, api):
        make_alert("a", name="first")
        make_alert("b", name="second")
        assert names(api.get("alerts")) == ["second", "first"]

    def test_next_leads_through_all_pages(self, api):
        for number in range(7):
            make_alert(str(number), name=str(number))
        seen, page = [], api.get("alerts", limit=3).json()
        while True:
            seen += [alert["name"] for alert in page["results"]]
            if page["next"] is None:
                break
            page = api.client.get(page["next"], headers=api.headers).json()
        assert seen == list("6543210")

    @pytest.mark.parametrize(
        "params",
        [
            {"severity": "critical"},
            {"severity": "critical,info"},
            {"status": "firing", "severity": "critical"},
            {"service": "billing"},
            {"environment": "production"},
            {"region": "eu"},
            {"source": "cron"},
            {"name": "Wanted"},
            {"team": "payments"},
            {"match": '{service=~"bill.*", cluster="a"}'},
            {"match": "value>90"},
            {"since": "2026-03-05T00:00:00Z"},
            {"since": "2026-03-05T00:00:00Z", "until": "2026-03-07T00:00:00Z"},
        ],
    )
    def test_each_filter_finds_its_own(self, api, payments, params):
        make_alert("other", name="Other", service="search", severity="low", value=5.0)
        make_alert(
            "wanted",
            now=NOW + timedelta(days=2),
            name="Wanted",
            severity="critical",
            service="billing",
            environment="production",
            region="eu",
            source="cron",
            labels={"cluster": "a"},
            value=95.0,
            team_id=payments.pk,
        )
        assert names(api.get("alerts", **params)) == ["Wanted"]

    def test_open_tells_the_open_from_the_resolved(self, api):
        make_alert("a", name="over")
        make_alert("a", name="over", status="resolved")
        make_alert("b", name="fires")
        assert names(api.get("alerts", open="true")) == ["fires"]
        assert names(api.get("alerts", open="false")) == ["over"]
        assert names(api.get("alerts", status="resolved")) == ["over"]

    @pytest.mark.parametrize(
        "params",
        [
            {"status": "burning"},
            {"severity": "page!"},
            {"open": "perhaps"},
            {"match": "{service=~'['"},
            {"match": '{service=~"["}'},
            {"match": "x" * 5000},
            {"since": "yesterday"},
            {"since": "9999-12-31T23:59:59Z"},
            {"until": "0001-01-01T00:00:00+14:00"},
            {"since": "99999999999999999999d"},
            {"cursor": "nonsense"},
            {"cursor": "WzkyMjMzNzIwMzY4NTQ3NzU4MDhd"},
            {"cursor": "W1tbW1tb"},
            {"limit": "0"},
            {"limit": "501"},
            {"limit": "-1"},
            {"limit": "٣"},
            {"name": "a\0b"},
            {"source": "\0"},
            {"service": "a\0b"},
            {"team": "\0"},
            {"assignee": "\0"},
            {"match": 'service="a\0b"'},
        ],
    )
    def test_nonsense_is_refused_in_the_one_shape(self, api, params):
        answer = api.get("alerts", **params)
        assert answer.status_code == 400
        body = answer.json()
        assert body["code"] == "invalid"
        assert body["message"]
        assert set(body) == {"code", "message", "errors"}

    def test_the_number_of_queries_does_not_grow_with_rows(self, api, payments):
        counts = []
        for number in (1, 20):
            for row in range(number):
                make_alert(f"{number}-{row}", team_id=payments.pk)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert api.get("alerts").status_code == 200
            counts.append(len(queries))
        assert counts[1] <= counts[0]


class TestOneAlert:
    def test_it_comes_with_its_story(self, api):
        alert = make_alert("a", severity="warning")
        make_alert("a", severity="critical")
        rule = Rule.objects.create(name="everything")
        channel = Channel.objects.create(name="hook", kind="webhook", settings={"url": "http://x"})
        decision = alert.transitions.first().decision
        decision.outcome = "notified"
        decision.reasons = [{"rule": rule.pk, "name": "everything", "matched": True}]
        decision.save()
        tell(alert, channel)
        shown = api.get(f"alerts/{alert.pk}").json()
        assert shown["severity"] == "critical"
        assert [t["kind"] for t in shown["transitions"]] == ["opened", "worsened"]
        assert shown["transitions"][0]["decision"]["outcome"] == "notified"
        assert shown["transitions"][0]["decision"]["reasons"][0]["name"] == "everything"
        (told,) = shown["notifications"]
        assert (told["channel"], told["kind"], told["about"]) == ("hook", "webhook", "critical")
        assert [(a["number"], a["succeeded"]) for a in told["attempts"]] == [(1, False), (2, True)]
        assert told["attempts"][0]["duration"] == 1.5
        assert shown["url"].endswith(f"/alerts/{alert.pk}/")

    @pytest.mark.parametrize(
        "alert_id",
        ["1", "0", "-1", "x", "1.0", "true", "%201", "%00", "1%00", "٣", "%F0%9F%94%A5"],
    )
    def test_what_is_no_alert_is_not_found(self, api, alert_id):
        answer = api.get(f"alerts/{alert_id}")
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"

    @pytest.mark.parametrize("alert_id", [2**63 - 1, 2**63, 2**64, 10**60])
    def test_nor_is_a_number_beyond_all_ids(self, api, alert_id):
        assert api.get(f"alerts/{alert_id}").status_code == 404

    def test_the_number_of_queries_does_not_grow_with_the_story(self, api):
        alert = make_alert("a")
        channel = Channel.objects.create(name="hook", kind="webhook")
        tell(alert, channel)
        counts = []
        for rounds in (0, 15):
            for number in range(rounds):
                Transition.objects.create(alert=alert, kind="noted", at=NOW, note=str(number))
                tell(alert, channel, about=f"woken {number}")
            with CaptureQueriesContext(connection) as queries:
                assert api.get(f"alerts/{alert.pk}").status_code == 200
            counts.append(len(queries))
        assert counts[1] <= counts[0]


class TestConfiguration:
    def test_rules_and_channels_show_no_secret(self, api):
        channel = Channel.objects.create(
            name="hook", kind="webhook", settings={"url": "https://x/", "secret": "hush"}
        )
        rule = Rule.objects.create(name="all", match='{severity="critical"}')
        rule.actions.create(kind="notify", channel=channel)
        answer = api.get("channels")
        assert answer.json()["results"][0]["name"] == "hook"
        assert "hush" not in answer.content.decode()
        (shown,) = api.get("rules").json()["results"]
        (action,) = shown["actions"]
        assert (action["kind"], action["channel"], action["value"]) == ("notify", "hook", "")

    def test_reading_does_not_decrypt_what_it_does_not_show(self, api, settings):
        alert = make_alert("a")
        channel = Channel.objects.create(name="hook", kind="webhook", settings={"secret": "hush"})
        tell(alert, channel)
        Rule.objects.create(name="all").actions.create(kind="notify", channel=channel)
        settings.SECRET_KEY = "another than it was written with, as after a bad restore"
        for path in (f"alerts/{alert.pk}", "channels", "rules"):
            assert api.get(path).status_code == 200

    def test_rules_come_in_the_order_they_are_asked(self, api):
        for name, order in (("c", 30), ("a", 10), ("b", 20)):
            Rule.objects.create(name=name, order=order)
        first = api.get("rules", limit=2).json()
        rest = api.client.get(first["next"], headers=api.headers).json()
        shown = [rule["name"] for rule in first["results"] + rest["results"]]
        assert shown == ["a", "b", "c"]


def test_reading_needs_its_scope(db):
    writer = Caller(make_key("alerts:write"))
    assert writer.get("alerts").status_code == 403
    assert writer.get("rules").status_code == 403
    assert Caller(make_key("alerts:read")).get("channels").status_code == 403
    assert Caller().get("alerts").status_code == 401
    assert Caller("ops_nonsense").get("alerts").status_code == 401
