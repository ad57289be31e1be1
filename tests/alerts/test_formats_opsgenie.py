"""Opsgenie's Alert API: what Alertmanager and its documentation send; deeds by alias and id."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from alerts.formats import Received
from alerts.formats.opsgenie import OpsgenieFormat, dedup_key_of
from alerts.models import Alert, RawDelivery, Transition
from alerts.replay import replay_delivery
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key, make_team
from tests.alerts.makers import JO, make_alert
from tests.alerts.posting import fixture, post, store_rubbish

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DOOR, ALIAS = "/v2/alerts", "identifierType=alias"
FORMAT = OpsgenieFormat()


def parse(payload, path=DOOR, query="", team_id=None):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return FORMAT.parse(Received(body, NOW, path=path, query=query, team_id=team_id))


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


@pytest.mark.parametrize(
    ("path", "query", "payload", "field"),
    [
        ("a/notes", ALIAS, {}, "note"),
        ("a/notes", ALIAS, {"note": " "}, "note"),
        ("a/notes", ALIAS, {"note": 5}, "note"),
        ("a/snooze", ALIAS, {}, "endTime"),
        ("a/snooze", ALIAS, {"endTime": "soon"}, "endTime"),
        ("a/snooze", ALIAS, {"endTime": "2020-01-01T00:00:00Z"}, "endTime"),
        ("a/snooze", ALIAS, {"endTime": "2030-01-01T00:00:00Z"}, "endTime"),
        ("a/snooze", ALIAS, {"endTime": "9999-12-31T23:59:59-14:00"}, "endTime"),
        ("a/message", ALIAS, {}, "message"),
        ("a/description", ALIAS, {"description": None}, "description"),
        ("a/close", "identifierType=name", {}, "identifierType"),
        ("/close", ALIAS, {}, "identifier"),
    ],
)
def test_a_deed_that_cannot_be_is_refused(path, query, payload, field):
    with pytest.raises(PayloadError) as caught:
        parse(payload, f"{DOOR}/{path}", query)
    assert list(json.loads(FORMAT.refuse(caught.value).body)["errors"]) == [field]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["documented", "create"])
def test_rubbish_in_any_field_is_refused_or_can_be_stored(name):
    payload = json.loads(fixture(f"opsgenie/{name}.json"))
    stored, refused = store_rubbish(FORMAT, payload, NOW, path=DOOR)
    assert stored > 50
    assert refused > 50


@pytest.mark.django_db(transaction=True)
class TestThroughTheDoor:
    @pytest.fixture
    def genie(self):
        """Posts with a key in Opsgenie's way; the body may be left out."""
        text = make_key("alerts:write")[1]

        def call(path="", payload=None, query=ALIAS, method="POST", text=text, door=DOOR):
            given = {} if payload is None else payload
            answer = post(door + path, given, text, query=query, method=method, scheme="GenieKey")
            return answer[0], answer[2]

        return call

    @pytest.fixture
    def disk(self, genie):
        """An open alert by its alias."""
        status, _ = genie(payload={"message": "Disk is full", "alias": "disk"})
        assert status == 202
        return Alert.objects.get()

    def test_what_alertmanager_does_from_firing_to_closed(self, genie):
        alias = json.loads(fixture("opsgenie/create.json"))["alias"]
        assert genie(payload=fixture("opsgenie/create.json"), query="")[0] == 202
        for deed in ("message", "description"):
            payload = fixture(f"opsgenie/{deed}.json")
            assert genie(f"/{alias}/{deed}", payload, method="PUT")[0] == 202
        alert = Alert.objects.get()
        assert (alert.status, alert.repeat_count) == ("firing", 0)
        status, answer = genie(f"/{alias}/close", fixture("opsgenie/close.json"))
        assert (status, answer["result"]) == (202, "Request will be processed")
        alert.refresh_from_db()
        assert alert.status == "resolved"
        # It was the sender's word, and its words were the same: the trail has nothing.
        assert not AuditEntry.objects.filter(target_type="alerts.alert").exists()
        kinds = Transition.objects.order_by("pk").values_list("kind", flat=True)
        assert list(kinds) == ["opened", "resolved"]
        assert set(RawDelivery.objects.values_list("verdict", flat=True)) == {"stored"}
        assert RawDelivery.objects.count() == 4

    def test_the_answer_is_opsgenies(self, genie, disk):
        status, answer = genie(payload={"message": "Disk is full", "alias": "disk"}, query="")
        assert status == 202
        assert answer["result"] == "Request will be processed"
        assert isinstance(answer["took"], float)
        assert uuid.UUID(answer["requestId"])
        assert answer["data"] == {"action": "Create", "alertId": str(disk.pk), "alias": "disk"}
        disk.refresh_from_db()
        assert disk.repeat_count == 1

    def test_below_its_own_prefix_it_answers_as_well(self, genie, disk):
        assert genie("/disk/close", door="/opsgenie/v2/alerts")[0] == 202
        assert Alert.objects.get().status == "resolved"

    def test_each_deed_is_done_by_the_key_and_leaves_its_trail(self, genie, disk):
        until = (utc_now() + timedelta(hours=1)).replace(microsecond=0)
        genie("/disk/acknowledge", {"note": "on it", "user": "jo"})
        genie("/disk/unacknowledge")
        genie("/disk/snooze", {"endTime": until.isoformat()})
        genie("/disk/notes", {"note": "still at it"})
        genie("/disk/message", {"message": "Disk is very full"}, method="PUT")
        genie("/disk/description", {"description": "99 %"}, method="PUT")
        disk.refresh_from_db()
        assert (disk.status, disk.snoozed_until) == ("firing", until)
        assert (disk.summary, disk.description) == ("Disk is very full", "99 %")
        told = Transition.objects.order_by("pk").values_list("kind", "note", "actor")
        assert list(told)[1:] == [
            ("acknowledged", "on it (by jo)", "key sender"),
            ("unacknowledged", "", "key sender"),
            ("snoozed", "", "key sender"),
            ("noted", "still at it", "key sender"),
            ("set", "", "key sender"),
            ("set", "", "key sender"),
        ]
        trail = AuditEntry.objects.filter(target_type="alerts.alert").order_by("pk")
        assert list(trail.values_list("action", flat=True)) == [
            "acknowledge", "unacknowledge", "snooze", "note", "reword", "reword",
        ]  # fmt: skip
        delivery = RawDelivery.objects.first()
        assert (delivery.path, delivery.alert_ids) == ("/v2/alerts/disk/description", [disk.pk])

    def test_what_is_so_already_is_202_and_changes_nothing(self, genie, disk):
        for _ in range(2):
            assert genie("/disk/acknowledge")[0] == 202
        assert Transition.objects.filter(kind="acknowledged").count() == 1
        for _ in range(2):
            assert genie("/disk/close")[0] == 202
        assert Transition.objects.filter(kind="resolved").count() == 1
        assert genie("/nothing/close")[0] == 202

    def test_a_closing_note_stays_with_the_alert(self, genie, disk):
        genie("/disk/close", {"note": "rebooted", "user": "jo"})
        assert Transition.objects.get(kind="noted").note == "rebooted (by jo)"
        genie("/disk/notes", {"note": "and again"})
        assert Transition.objects.filter(kind="noted", alert=disk).count() == 2

    def test_by_id_it_is_the_portals_number(self, genie, disk):
        for kind in ("", "identifierType=tiny", "identifierType=id"):
            assert genie(f"/{disk.pk}/notes", {"note": kind or "none"}, query=kind)[0] == 202
        assert Transition.objects.filter(kind="noted", alert=disk).count() == 3
        genie(f"/{disk.pk}/close", query="")
        disk.refresh_from_db()
        assert disk.status == "resolved"

    @pytest.mark.parametrize("number", ["0", "x", "9" * 30, "\u0661", "-1"])
    def test_a_number_that_is_none_is_nobodys(self, genie, disk, number):
        assert genie(f"/{number}/close", query="")[0] == 202
        assert Alert.objects.get().status == "firing"

    def test_no_key_acts_on_alerts_that_came_in_otherwise(self, genie):
        native = make_alert(dedup_key="native")
        assert genie(f"/{native.pk}/close", query="")[0] == 202
        assert genie("/native/close")[0] == 202
        native.refresh_from_db()
        assert native.status == "firing"

    def test_no_team_acts_on_another_teams_alerts(self, genie, disk):
        theirs = make_key("alerts:write", team=make_team())[1]
        ours = make_key("alerts:write", team=make_team())[1]
        genie(payload={"message": "ours", "alias": "disk"}, text=ours)
        mine = Alert.objects.get(name="ours")
        for text in (theirs, ours):
            genie(f"/{disk.pk}/close", query="", text=text)
        genie("/disk/close", text=theirs)
        genie(f"/{mine.pk}/close", query="", text=theirs)
        assert set(Alert.objects.values_list("status", flat=True)) == {"firing"}
        genie("/disk/close", text=ours)
        assert dict(Alert.objects.values_list("name", "status")) == {
            "ours": "resolved", "Disk is full": "firing",
        }  # fmt: skip

    def test_a_sender_ends_its_alert_although_a_rule_gave_it_to_another_team(self, genie):
        text = make_key("alerts:write", team=make_team())[1]
        genie(payload={"message": "m", "alias": "a"}, text=text)
        Alert.objects.update(team=make_team())
        genie("/a/acknowledge", text=text)
        assert Alert.objects.get().status == "firing"
        genie("/a/close", text=text)
        assert Alert.objects.get().status == "resolved"

    @pytest.mark.parametrize("alias", ["host/disk 1", "h\u00e4\u20ac", "close", "a?b"])
    def test_any_alias_can_stand_in_the_path(self, genie, alias):
        genie(payload={"message": "m", "alias": alias}, query="")
        assert genie(f"/{alias}/close")[0] == 202
        assert Alert.objects.get().status == "resolved"

    def test_nul_in_a_path_is_kept_as_a_mark(self, genie):
        assert genie("/a\0b/close")[0] == 202
        assert RawDelivery.objects.get().path == "/v2/alerts/a\ufffdb/close"

    def test_after_a_close_the_alias_opens_a_new_alert(self, genie, disk):
        genie("/disk/close")
        genie(payload={"message": "again", "alias": "disk"})
        assert list(Alert.objects.order_by("pk").values_list("status", flat=True)) == [
            "resolved", "firing",
        ]  # fmt: skip

    def test_the_errors_are_opsgenies(self, genie):
        for text, status in (("nonsense", 401), (make_key("alerts:read")[1], 403)):
            answer = genie(payload={"message": "m"}, text=text)
            assert answer[0] == status
            assert set(answer[1]) == {"message", "took", "requestId"}
        spent = make_key("alerts:write", rate_limit=1)[1]
        answers = [genie(payload={"message": "m"}, text=spent) for _ in range(3)]
        assert 429 in {status for status, _ in answers}
        assert genie(payload={"message": ""})[0] == 422
        assert RawDelivery.objects.first().verdict == "failed"

    def test_a_refused_deed_can_be_replayed_once_it_fits(self, genie, disk, monkeypatch):
        later = (utc_now() + timedelta(days=400)).isoformat()
        assert genie("/disk/snooze", {"endTime": later})[0] == 422
        row = RawDelivery.objects.first()
        replay_delivery(row, actor=JO, now=utc_now() + timedelta(days=50))
        row.refresh_from_db()
        assert row.verdict == "stored"
        disk.refresh_from_db()
        assert disk.snoozed_until is not None
