"""Changes are posted and put, by HTTP, and the answer says what became of them."""

import pytest

from alerts.models import SigningSecret
from chronos.models import ChangeEvent
from opsportal.accounts.models import ApiKey, AuditEntry
from tests.chronos.api.conftest import change

STARTED = {"kind": "deployment", "title": "api 412", "status": "started", "service": "api"}
KEY = "/ci/builds/7"


def event():
    return ChangeEvent.objects.get()


def test_a_change_is_recorded_then_updated_then_repeated(api):
    status, told = api.post({**STARTED, "source": "ci", "external_id": "builds/7"})
    assert (status, told["outcome"], told["external_id"]) == (201, "recorded", "builds/7")
    assert told["url"].endswith(f"/changes/{told['id']}/")
    over = {**STARTED, "source": "ci", "external_id": "builds/7", "status": "succeeded"}
    assert api.post(over)[1]["outcome"] == "updated"
    status, again = api.post(over)
    assert (status, again["outcome"], again["id"]) == (200, "repeated", told["id"])
    assert (event().status, event().actor, event().reports) == ("succeeded", "key ci", 3)


def test_an_array_is_taken_but_for_its_bad_members(api):
    status, told = api.post([change(external_id="1"), change(external_id="1"), {"kind": "x"}])
    assert (status, told["accepted"], told["duplicates"]) == (200, 1, 1)
    missing = {"field": "title", "message": "is required"}
    assert told["rejected"] == [{"index": 2, "errors": [missing]}]
    assert [result["outcome"] for result in told["results"]] == ["recorded", "repeated"]


@pytest.mark.parametrize("payload", [[{"kind": "x"}], {"kind": "x"}, b"{", [5], b"\xff"])
def test_what_is_not_usable_at_all_is_400_and_nothing_is_stored(api, payload):
    status, told = api.post(payload)
    assert (status, told["code"]) == (400, "invalid")
    assert not ChangeEvent.objects.exists()


def test_a_put_records_and_then_sets_what_it_names(api):
    status, told = api.send("PUT", {**STARTED, "tags": ["a"], "version": "411"}, KEY)
    assert (status, told["outcome"], told["external_id"]) == (201, "recorded", "builds/7")
    body = {"kind": "rollback", "title": "api 410", "version": "410", "tags": ["b"], "app": None}
    status, told = api.send("PUT", body, KEY)
    assert (status, told["outcome"]) == (200, "updated")
    row = event()
    assert (row.kind, row.title, row.version, row.tags) == ("rollback", "api 410", "410", ["b"])
    assert (row.service, row.status, row.ended_at, row.actor) == ("", "started", None, "key ci")
    assert api.send("PUT", body, KEY)[1]["outcome"] == "repeated"
    made, changed = AuditEntry.objects.filter(target_type="chronos.changeevent").order_by("id")
    assert (made.action, changed.action, changed.actor) == ("create", "change", "key ci")
    assert (changed.before["version"], changed.after["version"]) == ("411", "410")


def test_what_is_over_stays_over_but_how_it_ended_can_be_corrected(api):
    times = {"started_at": "2026-03-04T05:00:00Z", "ended_at": "2026-03-04T05:10:00Z"}
    api.send("PUT", {**STARTED, "status": "succeeded", **times}, KEY)
    api.send("PUT", {**STARTED, "status": "started", "title": "api 412 (eu)"}, KEY)
    assert (event().status, event().ended_at.minute, event().title) == (
        "succeeded",
        10,
        "api 412 (eu)",
    )
    api.send("PUT", {**STARTED, "status": "failed", "ended_at": "2026-03-04T05:07:00Z"}, KEY)
    assert (event().status, event().ended_at.minute) == ("failed", 7)
    api.send("PUT", {**STARTED, "status": "failed", "started_at": "2026-03-04T05:02:00Z"}, KEY)
    assert (event().started_at.minute, event().ended_at.minute) == (2, 7)


def test_a_put_that_ends_a_change_ends_it_then(api):
    api.send("PUT", {**STARTED, "started_at": "2026-03-04T05:00:00Z"}, KEY)
    ended = {"kind": "deployment", "title": "api 412", "ended_at": "2026-03-04T05:10:00Z"}
    api.send("PUT", ended, KEY)
    assert (event().status, event().started_at.minute, event().ended_at.minute) == (
        "succeeded",
        0,
        10,
    )


def test_the_key_may_stand_in_the_query_and_a_post_means_the_same_change(api):
    path = "?source=https%3A%2F%2Fci%2F&external_id=builds%2F7"
    assert api.send("PUT", STARTED, path)[0] == 201
    same = {**STARTED, "source": "https://ci/", "external_id": "builds/7"}
    assert api.post(same)[1]["outcome"] == "repeated"
    status, told = api.send("PUT", {**same, "external_id": "8"}, path)
    assert (status, told["errors"][0]["field"]) == (400, "external_id")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("?external_id=7", STARTED, "source"),
        ("?source=ci", STARTED, "external_id"),
        ("/opsportal/7", STARTED, "source"),
        (f"/ci/{'7' * 301}", STARTED, "external_id"),
        ("/ci/7", {**STARTED, "started_at": "2026-03-04T05:00:00"}, "started_at"),
        ("/ci/7", [STARTED], ""),
        ("/ci/7%00", STARTED, "external_id"),
        ("/ci/7", b"", None),
    ],
)
def test_a_bad_put_is_told_what_is_wrong(api, path, body, field):
    status, told = api.send("PUT", body, path)
    fields = [] if field is None else [field]
    assert (status, [error["field"] for error in told["errors"]]) == (400, fields)
    assert not ChangeEvent.objects.exists()


def test_a_key_whose_requests_must_be_signed_cannot_put(api):
    SigningSecret.objects.create(key=ApiKey.objects.get(), secret="hush")
    for path in (KEY, "?source=ci&external_id=7"):
        assert api.send("PUT", STARTED, path)[0] == 403
    assert api.post(STARTED)[0] == 403
    assert not ChangeEvent.objects.exists()


def test_nul_becomes_the_replacement_character(api):
    body = b'{"kind":"a","title":"a\\u0000b","data":{"x":"\\u0000"},"tags":["\\u0000"]}'
    assert api.send("PUT", body, KEY)[0] == 201
    assert (event().title, event().data, event().tags) == ("a�b", {"x": "�"}, ["�"])
