"""What is done to Opsgenie's alerts, by alias and by id."""

import io
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from alerts.formats.opsgenie import OpsgenieFormat
from alerts.models import Alert, RawDelivery, Transition
from alerts.replay import replay_delivery
from opsportal import wsgi
from opsportal.accounts.models import AuditEntry
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key, make_team
from tests.alerts.makers import JO, make_alert
from tests.alerts.posting import fixture, post

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DOOR, ALIAS = "/v2/alerts", "identifierType=alias"
FORMAT = OpsgenieFormat()
pytestmark = pytest.mark.django_db


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
    body = json.dumps(payload).encode()
    with pytest.raises(PayloadError) as caught:
        FORMAT.parse(Received(body, NOW, path=f"{DOOR}/{path}", query=query))
    assert list(json.loads(FORMAT.refuse(caught.value).body)["errors"]) == [field]


@pytest.fixture
def genie():
    """Posts with a key in Opsgenie's way; the body may be left out."""
    text = make_key("alerts:write")[1]

    def call(path="", payload=None, query=ALIAS, method="POST", text=text, door=DOOR):
        given = {} if payload is None else payload
        answer = post(door + path, given, text, query=query, method=method, scheme="GenieKey")
        return answer[0], answer[2]

    return call


@pytest.fixture
def disk(genie):
    """An open alert by its alias."""
    status, _ = genie(payload={"message": "Disk is full", "alias": "disk"})
    assert status == 202
    return Alert.objects.get()


def test_what_alertmanager_does_from_firing_to_closed(genie):
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


def test_the_answer_is_opsgenies(genie, disk):
    status, answer = genie(payload={"message": "Disk is full", "alias": "disk"}, query="")
    assert status == 202
    assert answer["result"] == "Request will be processed"
    assert isinstance(answer["took"], float)
    assert uuid.UUID(answer["requestId"])
    assert answer["data"] == {"action": "Create", "alertId": str(disk.pk), "alias": "disk"}
    disk.refresh_from_db()
    assert disk.repeat_count == 1


def test_below_its_own_prefix_it_answers_as_well(genie, disk):
    assert genie("/disk/close", door="/opsgenie/v2/alerts")[0] == 202
    assert Alert.objects.get().status == "resolved"


def test_each_deed_is_done_by_the_key_and_leaves_its_trail(genie, disk):
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


def test_what_is_so_already_is_202_and_changes_nothing(genie, disk):
    for _ in range(2):
        assert genie("/disk/acknowledge")[0] == 202
    assert Transition.objects.filter(kind="acknowledged").count() == 1
    for _ in range(2):
        assert genie("/disk/close")[0] == 202
    assert Transition.objects.filter(kind="resolved").count() == 1
    assert genie("/nothing/close")[0] == 202


def test_a_closing_note_stays_with_the_alert(genie, disk):
    genie("/disk/close", {"note": "rebooted", "user": "jo"})
    assert Transition.objects.get(kind="noted").note == "rebooted (by jo)"
    genie("/disk/notes", {"note": "and again"})
    assert Transition.objects.filter(kind="noted", alert=disk).count() == 2


def test_by_id_it_is_the_portals_number(genie, disk):
    for kind in ("", "identifierType=tiny", "identifierType=id"):
        assert genie(f"/{disk.pk}/notes", {"note": kind or "none"}, query=kind)[0] == 202
    assert Transition.objects.filter(kind="noted", alert=disk).count() == 3
    genie(f"/{disk.pk}/close", query="")
    disk.refresh_from_db()
    assert disk.status == "resolved"


@pytest.mark.parametrize("number", ["0", "x", "9" * 30, "\u0661", "-1"])
def test_a_number_that_is_none_is_nobodys(genie, disk, number):
    assert genie(f"/{number}/close", query="")[0] == 202
    assert Alert.objects.get().status == "firing"


def test_no_key_acts_on_alerts_that_came_in_otherwise(genie):
    native = make_alert(dedup_key="native")
    assert genie(f"/{native.pk}/close", query="")[0] == 202
    assert genie("/native/close")[0] == 202
    native.refresh_from_db()
    assert native.status == "firing"


def test_no_team_acts_on_another_teams_alerts(genie, disk):
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


def test_a_sender_ends_its_alert_although_a_rule_gave_it_to_another_team(genie):
    text = make_key("alerts:write", team=make_team())[1]
    genie(payload={"message": "m", "alias": "a"}, text=text)
    Alert.objects.update(team=make_team())
    genie("/a/acknowledge", text=text)
    assert Alert.objects.get().status == "firing"
    genie("/a/close", text=text)
    assert Alert.objects.get().status == "resolved"


@pytest.mark.parametrize("alias", ["host/disk 1", "h\u00e4\u20ac", "close", "a?b"])
def test_any_alias_can_stand_in_the_path(genie, alias):
    genie(payload={"message": "m", "alias": alias}, query="")
    assert genie(f"/{alias}/close")[0] == 202
    assert Alert.objects.get().status == "resolved"


def test_nul_in_a_path_is_kept_as_a_mark(genie):
    assert genie("/a\0b/close")[0] == 202
    assert RawDelivery.objects.get().path == "/v2/alerts/a\ufffdb/close"


def test_after_a_close_the_alias_opens_a_new_alert(genie, disk):
    genie("/disk/close")
    genie(payload={"message": "again", "alias": "disk"})
    assert list(Alert.objects.order_by("pk").values_list("status", flat=True)) == [
        "resolved", "firing",
    ]  # fmt: skip


def test_the_errors_are_opsgenies(genie):
    for text, status in (("nonsense", 401), (make_key("alerts:read")[1], 403)):
        answer = genie(payload={"message": "m"}, text=text)
        assert answer[0] == status
        assert set(answer[1]) == {"message", "took", "requestId"}
    spent = make_key("alerts:write", rate_limit=1)[1]
    answers = [genie(payload={"message": "m"}, text=spent) for _ in range(3)]
    assert 429 in {status for status, _ in answers}
    assert genie(payload={"message": ""})[0] == 422
    assert RawDelivery.objects.first().verdict == "failed"


def test_a_refused_deed_can_be_replayed_once_it_fits(genie, disk):
    later = (utc_now() + timedelta(days=400)).isoformat()
    assert genie("/disk/snooze", {"endTime": later})[0] == 422
    row = RawDelivery.objects.first()
    replay_delivery(row, actor=JO, now=utc_now() + timedelta(days=50))
    row.refresh_from_db()
    assert row.verdict == "stored"
    disk.refresh_from_db()
    assert disk.snoozed_until is not None


def test_a_deed_whose_alias_was_too_long_to_keep_cannot_be_replayed(genie):
    assert genie(f"/{'a' * 100}/{'b' * 200}/snooze")[0] == 422
    row = RawDelivery.objects.get()
    assert (len(row.path), row.replayable) == (200, False)


@pytest.mark.django_db(transaction=True)
def test_the_web_servers_path_is_read_as_utf_8():
    text = make_key("alerts:write")[1]
    post(DOOR, {"message": "m", "alias": "h\u00e4/\u20ac"}, text)
    environ = {
        "REQUEST_METHOD": "POST", "QUERY_STRING": ALIAS, "wsgi.input": io.BytesIO(b"{}"),
        "PATH_INFO": "/v2/alerts/h\u00e4/\u20ac/close".encode().decode("latin-1"),  # PEP 3333
        "CONTENT_LENGTH": "2", "HTTP_AUTHORIZATION": f"GenieKey {text}",
    }  # fmt: skip
    statuses = []
    wsgi.application(environ, lambda status, _: statuses.append(status))
    assert statuses == ["202 Accepted"]
    assert Alert.objects.get().status == "resolved"
