"""Alerts as Alertmanager and the documentation send them to Opsgenie."""

import json
from datetime import UTC, datetime

import pytest

from alerts.formats.opsgenie import OpsgenieFormat, dedup_key_of
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from tests.alerts.posting import fixture, store_rubbish

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DOOR = "/v2/alerts"
FORMAT = OpsgenieFormat()


def parse(payload, team_id=None):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return FORMAT.parse(Received(body, NOW, path=DOOR, team_id=team_id))


def event_of(**fields):
    return parse({"message": "Disk is full"} | fields).events[0]


class TestCreation:
    def test_the_documented_alert_is_understood(self):
        event = parse(fixture("opsgenie/documented.json")).events[0]
        assert (event.name, event.summary) == ("An example alert message", "")
        assert event.description == "Every alert needs a description"
        assert (event.severity, event.resource) == ("critical", "An example entity")
        assert event.labels == {
            "key1": "value1", "key2": "value2", "tags": "OverwriteQuietHours,Critical",
        }  # fmt: skip
        assert event.dedup_key == "opsgenie::Life is too short for no alias"
        assert json.loads(event.payload)["responders"][1] == {"name": "NOC", "type": "team"}

    def test_alertmanagers_is_named_as_its_alerts_are(self):
        event = parse(fixture("opsgenie/create.json")).events[0]
        assert (event.name, event.summary) == ("DiskFull", "[FIRING:3] DiskFull (node page)")
        assert (event.severity, event.service, event.source) == ("high", "node", "opsgenie")
        assert event.links[0].href == "http://alertmanager.example:9093/#/alerts?receiver=all"
        assert event.annotations == {"note": "look"}

    @pytest.mark.parametrize(
        ("priority", "severity"),
        [("P1", "critical"), ("P2", "high"), ("P3", "warning"), ("P4", "low"), ("P5", "info"),
         (None, "warning"), ("", "warning")],
    )  # fmt: skip
    def test_priorities_are_severities(self, priority, severity):
        assert event_of(priority=priority).severity == severity

    def test_without_a_priority_a_severity_among_the_details_tells(self):
        assert event_of(details={"severity": "page"}).severity == "critical"
        assert event_of(details={"severity": "page"}, priority="P5").severity == "info"

    def test_details_need_not_be_texts(self):
        labels = event_of(details={"n": 5, "x": True, "gone": None, "empty": ""}).labels
        assert labels == {"n": "5", "x": "true"}

    def test_a_detail_with_the_name_of_a_secret_is_no_label(self):
        event = event_of(details={"db_password": "hush", "host": "h1"})
        assert event.labels == {"db_password": "[redacted]", "host": "h1"}

    def test_an_alias_belongs_to_the_keys_team(self):
        one, other = (
            parse({"message": "m", "alias": "a"}, team_id=team).events[0].dedup_key
            for team in (1, 2)
        )
        assert one != other

    def test_an_endless_alias_is_told_from_others(self):
        long = dedup_key_of(7, "x" * 512)
        assert len(long) <= 255
        assert long != dedup_key_of(7, "x" * 511)

    def test_without_an_alias_each_is_another(self):
        assert event_of().dedup_key != event_of().dedup_key

    @pytest.mark.parametrize(
        ("body", "status", "field"),
        [
            (b"{", 400, ""),
            (b"", 400, ""),
            (b"[]", 400, ""),
            (b"\xff", 400, ""),
            (b"7", 422, "body"),
            (b"{}", 422, "message"),
            (b'{"message": ""}', 422, "message"),
            (b'{"message": "  "}', 422, "message"),
            (b'{"message": 5}', 422, "message"),
            (b'{"message": "m", "priority": "P9"}', 422, "priority"),
            (b'{"message": "m", "tags": "x"}', 422, "tags"),
            (b'{"message": "m", "tags": [5]}', 422, "tags"),
            (b'{"message": "m", "details": []}', 422, "details"),
            (b'{"message": "m", "details": {"a": {}}}', 422, "details"),
            (b'{"message": "m", "alias": 5}', 422, "alias"),
        ],
    )
    def test_what_is_wrong_is_told_in_opsgenies_shape(self, body, status, field):
        with pytest.raises(PayloadError) as caught:
            parse(body)
        reply = FORMAT.refuse(caught.value)
        answer = json.loads(reply.body)
        assert reply.status == status
        assert set(answer) == {"message", "took", "requestId"} | ({"errors"} if field else set())
        assert list(answer.get("errors", {})) == ([field] if field else [])


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["documented", "create"])
def test_rubbish_in_any_field_is_refused_or_can_be_stored(name):
    payload = json.loads(fixture(f"opsgenie/{name}.json"))
    stored, refused = store_rubbish(FORMAT, payload, NOW, path=DOOR)
    assert stored > 50
    assert refused > 50
