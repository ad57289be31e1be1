"""Silences as Alertmanager's clients make, change and end them."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert, PolicyVersion, Silence
from opsportal.accounts.models import AuditEntry
from opsportal.lib.times import utc_now
from tests.accounts.people import make_team
from tests.alerts.alertmanager.client import Ours, at, instant, silence
from tests.alerts.alertmanager.conftest import again, only, put, shown, state

pytestmark = pytest.mark.django_db
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_it_is_kept_as_it_was_posted(api):
    made = put(api, "alertname=DiskFull", "instance=~h.*", "severity!=info", "team!~x|y")
    found = shown(api, made)
    assert found["matchers"] == silence(
        "alertname=DiskFull", "instance=~h.*", "severity!=info", "team!~x|y"
    )["matchers"]  # fmt: skip
    assert (found["createdBy"], found["comment"], found["id"]) == ("jo", "the move", made)
    assert found["status"] == {"state": "active"}
    assert set(found) == {
        "annotations", "comment", "createdBy", "endsAt", "id", "matchers", "startsAt", "status",
        "updatedAt",
    }  # fmt: skip
    stored = Silence.objects.get()
    assert (
        stored.match
        == '{alertname="DiskFull", instance=~"h.*", "label.severity"!="info", "label.team"!~"x|y"}'
    )


def test_the_author_is_kept_and_the_trail_names_the_key(api):
    put(api, "alertname=A")
    entry = AuditEntry.objects.get(action="create", target_type="alerts.silence")
    assert (entry.actor, entry.after["author"]) == ("key am", "jo")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 422, {"code": 602, "message": "silence in body is required"}),
        ({}, 422, {"code": 602, "message": "comment in body is required"}),
        (silence("a=b", comment=None), 422,
         {"code": 602, "message": "comment in body is required"}),
        (silence("a=b", createdBy=None), 422,
         {"code": 602, "message": "createdBy in body is required"}),
        (silence("a=b", startsAt=None), 422,
         {"code": 602, "message": "startsAt in body is required"}),
        (silence("a=b", endsAt=None), 422, {"code": 602, "message": "endsAt in body is required"}),
        (silence("a=b", matchers=None), 422,
         {"code": 602, "message": "matchers in body is required"}),
        (silence(), 422, {"code": 612, "message": "matchers in body should have at least 1 items"}),
        (silence("a=b", matchers=[{"name": "a", "value": "b"}]), 422,
         {"code": 602, "message": "matchers.0.isRegex in body is required"}),
        (silence("a=b", startsAt=at(hours=2)), 400,
         "Failed to create silence: start time must be before end time"),
        (silence("a=b", startsAt=at(hours=-2), endsAt=at(hours=-1)), 400,
         "Failed to create silence: end time can't be in the past"),
        (silence("a="), 400,
         "silence invalid: at least one matcher must not match the empty string"),
        (silence("a=~.*", "b=~x|"), 400,
         "silence invalid: at least one matcher must not match the empty string"),
        (silence("a!=x"), 400,
         "silence invalid: at least one matcher must not match the empty string"),
        (silence("a=b", "c=~("), 400,
         'silence invalid: invalid label matcher 1: invalid regular expression "(": '
         "error parsing regexp: missing ): ("),
        (silence("=b"), 400, 'silence invalid: invalid label matcher 0: invalid label name ""'),
        (silence("a=b", id=UNKNOWN), 404, "silence not found"),
        (silence("a=b", id="nope"), 404, "silence not found"),
    ],
)  # fmt: skip
def test_errors_are_alertmanagers(api, body, status, said):
    assert api.post("silences", body) == (status, said)
    assert not Silence.objects.exists()


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"5", b"\xff", b"[" * 50_000, silence("a=b", comment=5), silence("a=b", id=[]),
     silence("a=b", matchers=[5]), silence("a=b", matchers=[None]), silence("a=b", startsAt="soon"),
     silence("a=b", endsAt=1e400), silence("a=b", matchers=[{"name": "a", "value": "b",
                                                             "isRegex": "no"}])],
)  # fmt: skip
def test_what_cannot_be_read_is_said_to_be_so(api, body):
    status, said = api.post("silences", body)
    assert (status, said["code"]) == (400, 400)
    assert said["message"].startswith('parsing silence body from "" failed, because ')


def test_limits_of_the_portal_are_said_in_words(api):
    for body in (
        silence("a=b", endsAt=at(days=91)),
        silence("a=b", endsAt="9999-01-01T00:00:00Z"),
        silence("a=b", comment="c" * 1001),
        silence("a=" + "b" * 5000),
        silence(*["a=b"] * 60),
    ):
        status, said = api.post("silences", body)
        assert status == 400
        assert isinstance(said, str)
    other = "application/x-www-form-urlencoded"
    assert api.post("silences", silence("a=b"), other)[1]["code"] == 415
    assert not Silence.objects.exists()


def test_nul_and_long_names_are_stored_in_a_form_that_can_be(api):
    made = put(api, "a=b", comment="x\0y", createdBy="j\0" + "o" * 500)
    found = shown(api, made)
    assert found["comment"] == "x\ufffdy"
    assert len(found["createdBy"]) == 200
    empty = put(api, "a=b", comment=" ", createdBy="")
    assert (shown(api, empty)["comment"], shown(api, empty)["createdBy"]) == (
        "(no comment)", "key am",
    )  # fmt: skip


# Behaviour 22.
def test_what_leaves_the_past_as_it_was_keeps_the_id(api):
    made = put(api, "alertname=A")
    start = shown(api, made)["startsAt"]
    assert again(api, made, endsAt=at(hours=2)) == made
    assert again(api, made, endsAt=at(minutes=2), comment="else", createdBy="sam") == made
    found = shown(api, made)
    assert (found["comment"], found["createdBy"], found["startsAt"]) == ("else", "sam", start)
    assert instant(found["endsAt"]) < utc_now() + timedelta(minutes=3)
    pending = put(api, "alertname=A", startsAt=at(minutes=5))
    assert state(api, pending) == "pending"
    assert again(api, pending, startsAt=at(minutes=7)) == pending


def test_what_changes_the_past_ends_it_and_makes_another(api):
    made = put(api, "alertname=A")
    others = silence("alertname=B")["matchers"]
    second = again(api, made, matchers=others)
    third = again(api, second, startsAt=at(minutes=5))
    fourth = again(api, third, startsAt=at(minutes=-5))
    assert len({made, second, third, fourth}) == 4
    assert [state(api, each) for each in (made, second, third, fourth)] == [
        "expired", "expired", "expired", "active",
    ]  # fmt: skip
    assert shown(api, fourth)["matchers"] == others
    # What begins in the past begins now.
    assert utc_now() - instant(shown(api, fourth)["startsAt"]) < timedelta(seconds=30)


def test_a_change_that_fails_leaves_the_old_one(api):
    made = put(api, "alertname=A")
    found = shown(api, made) | {"matchers": silence("b=c")["matchers"], "endsAt": at(days=300)}
    assert api.post("silences", found)[0] == 400
    assert state(api, made) == "active"


def test_deleting_is_ending_and_may_be_repeated(api):
    made, pending = put(api, "alertname=A"), put(api, "alertname=A", startsAt=at(minutes=5))
    assert api.delete(f"silence/{made}") == api.delete(f"silence/{made}") == (200, None)
    assert state(api, made) == "expired"
    assert again(api, made, endsAt=at(hours=1)) != made
    assert api.delete(f"silence/{pending}") == (200, None)
    found = shown(api, pending)
    assert found["status"]["state"] == "expired"
    assert found["startsAt"] == found["endsAt"]


def test_unknown_ones_are_404_and_what_is_no_uuid_is_422(api):
    assert api.get(f"silence/{UNKNOWN}") == api.delete(f"silence/{UNKNOWN}") == (404, None)
    said = {"code": 601, "message": 'silenceID in path must be of type uuid: "nope"'}
    assert api.get("silence/nope") == api.delete("silence/nope") == (422, said)


def test_the_list_is_in_alertmanagers_order(api):
    late = put(api, "alertname=A", endsAt=at(hours=3))
    soon = put(api, "alertname=A", "x=y", endsAt=at(hours=1))
    far = put(api, "alertname=B", startsAt=at(hours=2), endsAt=at(hours=9))
    near = put(api, "alertname=B", startsAt=at(hours=1), endsAt=at(hours=9))
    over = [put(api, "alertname=A") for _ in range(2)]
    for each in over:
        api.delete(f"silence/{each}")
    assert [found["id"] for found in api.listed("silences")] == [soon, late, near, far, *over[::-1]]
    asked = [
        ({"filter": "x=y"}, [soon]),
        ({"filter": "alertname=B"}, [near, far]),
        ({"filter": 'alertname=~"B"'}, []),
        ({"active": "false", "expired": "false"}, [near, far]),
        ({"pending": "no", "expired": "0"}, [soon, late]),
    ]
    for query, ids in asked:
        assert [found["id"] for found in api.listed("silences", **query)] == ids
    Silence.objects.filter(uuid__in=over).update(ended_at=utc_now() - timedelta(hours=121))
    assert len(api.listed("silences")) == 4


def test_the_list_takes_as_many_queries_for_20_as_for_2(api):
    counts = []
    for number in (2, 18):
        for _ in range(number):
            put(api, "alertname=A")
        with CaptureQueriesContext(connection) as queries:
            api.listed("silences")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_updated_is_when_it_last_changed(api):
    made = put(api, "alertname=A")
    PolicyVersion.objects.update(at=utc_now() - timedelta(hours=5))
    before = shown(api, made)["updatedAt"]
    again(api, made, comment="else")
    assert instant(shown(api, made)["updatedAt"]) > instant(before) + timedelta(hours=4)


def test_a_teams_key_silences_its_own_teams_alerts_only(api):
    payments, search = make_team("payments"), make_team("search")
    ours, theirs = Ours(team=payments), Ours(team=search)
    made = put(ours, "alertname=A")
    assert Silence.objects.get(uuid=made).team == payments
    body = silence("alertname=A", id=made)
    assert theirs.post("silences", body)[1]["code"] == 403
    assert theirs.delete(f"silence/{made}")[1]["code"] == 403
    everybodys = put(api, "alertname=A")
    assert ours.delete(f"silence/{everybodys}")[0] == 403
    # A key of no team may change it, and it stays the team's.
    assert again(api, made, endsAt=at(hours=3)) == made
    assert Silence.objects.get(uuid=made).team == payments
    api.send({"alertname": "A"})
    Alert.objects.update(team=search)
    api.delete(f"silence/{everybodys}")
    assert only(api.listed())["status"]["silencedBy"] == []


def test_reading_and_writing_take_their_scopes():
    reader, writer = Ours("config:read"), Ours("silences:write")
    status, said = reader.post("silences", silence("a=b"))
    assert (status, said["code"]) == (403, 403)
    made = put(writer, "a=b")
    assert writer.get("silences")[0] == writer.get(f"silence/{made}")[0] == 403
    assert reader.get(f"silence/{made}")[0] == 200
    assert UUID(made)
