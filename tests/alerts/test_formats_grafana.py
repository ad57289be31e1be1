"""Grafana's webhooks, unified and legacy, after its documentation and source."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest

from alerts.expire import expire_episodes
from alerts.formats.grafana import TEST_LASTS, GrafanaFormat
from alerts.models import Alert, RawDelivery
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from tests.accounts.people import make_key
from tests.alerts.posting import fixture, post, store_rubbish

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DOOR = "/hooks/grafana"
FORMAT = GrafanaFormat()


def parse(payload):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return FORMAT.parse(Received(body, NOW))


def unified(**fields):
    """The documented group, with its first alert changed."""
    payload = json.loads(fixture("grafana/unified.json"))
    payload["alerts"] = [payload["alerts"][0] | fields]
    return payload


def legacy(**fields):
    return json.loads(fixture("grafana/legacy.json")) | fields


class TestUnified:
    def test_the_documented_group_is_understood(self):
        first, second = parse(fixture("grafana/unified.json")).events
        assert (first.name, first.status, first.source) == (
            "High memory usage",
            "firing",
            "grafana",
        )
        assert first.dedup_key == "grafana|play.grafana.org|1|c6eadffa33fcdf37"
        assert first.summary == "This alert was triggered for zone us-1"
        assert first.value == pytest.approx(44.239437)
        assert first.starts_at == datetime(2021, 10, 12, 7, 51, 3, 157076, tzinfo=UTC)
        assert (first.ends_at, first.timeout) == (None, None)
        assert first.annotations["receiver"] == "My Super Webhook"
        assert [link.text for link in first.links] == ["rule", "silence in Grafana"]
        assert second.dedup_key != first.dedup_key

    def test_its_pages_become_links_and_the_text_of_its_values_is_kept(self):
        event = parse(
            unified(
                dashboardURL="http://g/d/1", panelURL="http://g/d/1?viewPanel=2",
                imageURL="http://g/i.png", values=None, valueString="[ var='B' value=44 ]",
            )
        ).events[0]  # fmt: skip
        texts = [link.text for link in event.links]
        assert texts == ["rule", "dashboard", "panel", "image", "silence in Grafana"]
        assert (event.value, event.annotations["value_string"]) == (None, "[ var='B' value=44 ]")

    def test_installations_and_their_organisations_are_told_apart(self):
        given: list[dict] = [
            {}, {"orgId": 2}, {"externalURL": "https://staging/"}, {"externalURL": "http://["},
        ]  # fmt: skip
        keys = {parse(unified() | fields).events[0].dedup_key for fields in given}
        assert len(keys) == len(given)

    def test_without_a_fingerprint_the_labels_tell(self):
        one = parse(unified(fingerprint="")).events[0]
        other = parse(unified(fingerprint=None, labels={"alertname": "x"})).events[0]
        assert one.dedup_key.startswith("grafana|play.grafana.org|1|")
        assert other.dedup_key != one.dedup_key

    def test_a_resolved_one_ended_when_it_says(self):
        event = parse(unified(status="resolved", endsAt="2021-10-12T10:00:00Z")).events[0]
        assert (event.status, event.ends_at.hour) == ("resolved", 10)

    def test_the_groups_title_stands_in_for_the_summary_of_a_single_alert(self):
        assert parse(unified(annotations={})).events[0].summary == "[FIRING:2]  (blue)"
        both = json.loads(fixture("grafana/unified.json"))
        both["alerts"][0]["annotations"] = {}
        assert parse(both).events[0].summary == ""

    def test_a_group_cut_short_resolves_nothing_by_itself(self):
        payload = unified() | {"truncatedAlerts": 7, "status": "resolved", "state": "ok"}
        assert [event.status for event in parse(payload).events] == ["firing"]


class TestLegacy:
    def test_the_documented_rule_is_understood(self):
        fired, data_again = parse(fixture("grafana/legacy.json")).events
        assert (fired.name, fired.status, fired.summary) == (
            "Panel Title alert", "firing", "Notification Message",
        )  # fmt: skip
        assert (fired.value, fired.description) == (1, "Count{}: 1")
        assert fired.labels == {"alertname": "Panel Title alert", "tag name": "tag value"}
        assert [link.text for link in fired.links] == ["rule", "image"]
        assert fired.dedup_key == "grafana|localhost:3000|1|rule 1"
        assert (data_again.status, data_again.dedup_key) == (
            "resolved", "grafana|localhost:3000|1|rule 1|no data",
        )  # fmt: skip

    def test_ok_has_no_series_and_resolves_by_the_rule(self):
        events = parse(legacy(state="ok", evalMatches=None)).events
        assert {event.status for event in events} == {"resolved"}
        assert events[0].dedup_key == parse(legacy()).events[0].dedup_key

    def test_no_data_is_a_warning_of_its_own_and_resolves_nothing(self):
        events = parse(legacy(state="no_data", tags={"severity": "critical"})).events
        assert [(event.status, event.severity) for event in events] == [("firing", "warning")]
        assert events[0].dedup_key != parse(legacy()).events[0].dedup_key

    @pytest.mark.parametrize("state", ["paused", "pending"])
    def test_what_only_waits_is_nothing_to_do(self, state):
        parsed = parse(legacy(state=state))
        assert (list(parsed.events), parsed.note) == (
            [], f"The rule is {state}: there is nothing to do.",
        )  # fmt: skip

    def test_the_same_rule_number_of_another_grafana_is_another_rule(self):
        other = parse(legacy(ruleUrl="http://other:3000/d/1")).events[0]
        assert other.dedup_key != parse(legacy()).events[0].dedup_key

    def test_series_are_listed(self):
        matches = [{"metric": "cpu", "value": 93.5, "tags": {"host": "h1"}}, {"value": None}]
        event = parse(legacy(evalMatches=matches)).events[0]
        assert event.description == "cpu{host=h1}: 93.5\nvalue{}: no value"

    def test_tags_fill_fields_as_labels_do(self):
        event = parse(legacy(tags={"severity": "page", "service": "billing"})).events[0]
        assert (event.severity, event.service) == ("critical", "billing")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"[{}]", b"{}", b"7", b'{"ruleId": "x", "state": "ok"}', b'{"ruleId": 1}',
     b'{"ruleId": 1, "state": "odd"}',
     b'{"ruleId": 1, "state": "alerting", "evalMatches": [' + b"[" * 99_999, b"\xff"],
)  # fmt: skip
def test_what_is_none_of_grafanas_is_refused(body):
    with pytest.raises(PayloadError):
        parse(body)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["unified", "test", "legacy"])
def test_rubbish_in_any_field_is_refused_or_can_be_stored(name):
    stored, refused = store_rubbish(FORMAT, json.loads(fixture(f"grafana/{name}.json")), NOW)
    assert stored > 100
    assert refused > 50


@pytest.mark.django_db
class TestThroughTheDoor:
    @pytest.fixture
    def text(self):
        return make_key("alerts:write", short=True)[1]

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    def test_by_post_and_by_put(self, text, method):
        payload = fixture("grafana/unified.json")
        assert post(DOOR, payload, text, method=method)[::2] == (
            200, {"accepted": 2, "rejected": []},
        )  # fmt: skip
        assert Alert.objects.count() == 2

    def test_however_grafana_is_set_to_authenticate(self, text):
        basic = b64encode(f"grafana:{text}".encode()).decode()
        payload = unified()
        assert post(DOOR, payload, basic, scheme="Basic")[0] == 200
        assert post(DOOR, payload, text, scheme="OurScheme")[0] == 200
        assert post(f"{DOOR}/{text}", payload)[0] == 200
        assert post(DOOR, payload)[0] == 401

    def test_a_legacy_rule_lives_and_no_data_beside_it(self, text):
        def states():
            rows = Alert.objects.order_by("pk").values_list("dedup_key", "status")
            return [(key.endswith("no data"), status) for key, status in rows]

        post(DOOR, legacy(), text)
        post(DOOR, legacy(state="no_data", evalMatches=[]), text)
        assert states() == [(False, "firing"), (True, "firing")]
        post(DOOR, legacy(), text)
        assert states() == [(False, "firing"), (True, "resolved")]
        post(DOOR, legacy(state="ok", evalMatches=None), text)
        assert states() == [(False, "resolved"), (True, "resolved")]

    def test_a_paused_rule_is_answered_200_and_kept_as_ignored(self, text):
        assert post(DOOR, legacy(state="paused"), text)[0] == 200
        row = RawDelivery.objects.get()
        assert (row.verdict, row.error) == (
            "ignored", "The rule is paused: there is nothing to do.",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("payload", "name"),
        [
            (fixture("grafana/test.json"), "TestAlert"),
            (
                legacy(
                    ruleId=3276076600971271, ruleName="Test notification",
                    message="Someone is testing the alert notification within Grafana.",
                ),
                "Test notification",
            ),
        ],
        ids=["unified", "legacy"],
    )  # fmt: skip
    def test_the_test_button_makes_an_alert_that_ends_by_itself(self, text, payload, name):
        assert post(DOOR, payload, text)[0] == 200
        alert = Alert.objects.get()
        assert (alert.name, alert.status) == (name, "firing")
        assert alert.expires_at - alert.received_at == TEST_LASTS
        expire_episodes(now=alert.expires_at + timedelta(seconds=1))
        assert Alert.objects.get().status == "resolved"

    def test_a_spent_key_is_503(self):
        text = make_key("alerts:write", rate_limit=1)[1]
        assert 503 in [post(DOOR, unified(), text)[0] for _ in range(3)]
