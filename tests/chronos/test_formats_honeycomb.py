"""Honeycomb's markers: points in time, which may get an end."""

from datetime import UTC, datetime

import pytest

from chronos.formats.honeycomb import HoneycombFormat
from chronos.models import ChangeEvent
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key
from tests.alerts.posting import post as post_json
from tests.chronos.rubbish import BROKEN, store_rubbish

DOOR, NOW = "/1/markers/api", utc_now().replace(microsecond=0)
# The example of Honeycomb's API reference.
MARKER = {"start_time": 1471040808, "message": "backend deploy #123", "type": "deploy",
          "url": "http://link-to-build.here"}  # fmt: skip
START = datetime(2016, 8, 12, 22, 26, 48, tzinfo=UTC)


@pytest.fixture
def post(db):
    _, text = make_key("events:write")

    def send(payload, path=DOOR, method="POST"):
        return post_json(path, payload, method=method, **{"X-Honeycomb-Team": text})

    return send


@pytest.mark.parametrize("path", [DOOR, f"/honeycomb{DOOR}"])
def test_a_marker_is_a_point_in_time(post, path):
    status, _, answer = post(MARKER, path)
    assert (status, answer["start_time"], "end_time" in answer) == (201, 1471040808, False)
    assert len(answer["id"]) == 16
    event = ChangeEvent.objects.get()
    assert (event.kind, event.status, event.service) == ("deployment", "succeeded", "api")
    assert (event.started_at, event.ended_at) == (START, START)
    assert event.links[0]["href"] == MARKER["url"]


def test_a_marker_gets_its_end_later(post):
    marker = post(MARKER)[2]["id"]
    changed = MARKER | {"end_time": 1471041000}
    assert post(changed, f"{DOOR}/{marker}", "PUT")[0] == 200
    event = ChangeEvent.objects.get()
    assert (event.started_at, (event.ended_at - START).seconds) == (START, 192)
    # Its first end stays.
    post(MARKER | {"end_time": 1471049999}, f"{DOOR}/{marker}", "PUT")
    event.refresh_from_db()
    assert (event.ended_at - START).seconds == 192


def test_the_same_marker_twice_is_one_and_without_a_start_each_is_another(post):
    assert post(MARKER)[2]["id"] == post(MARKER)[2]["id"]
    assert ChangeEvent.objects.count() == 1
    bare = {"message": "hello"}
    assert post(bare)[2]["id"] != post(bare)[2]["id"]
    assert set(ChangeEvent.objects.values_list("kind", flat=True)) == {"deployment", "note"}


def test_a_marker_of_all_datasets_is_of_no_service(post):
    post(MARKER, "/1/markers/__all__")
    assert ChangeEvent.objects.get().service == ""


@pytest.mark.parametrize("wrong", ["soon", -1, 1e30, [], True])
def test_a_time_that_is_none_is_refused_in_honeycombs_shape(post, wrong):
    status, _, answer = post(MARKER | {"end_time": wrong})
    assert (status, answer) == (400, {"error": "end_time must be seconds since 1970."})
    assert not ChangeEvent.objects.exists()


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_json_object_is_refused(body):
    with pytest.raises(PayloadError):
        HoneycombFormat().parse(Received(body, NOW, path=DOOR))


@pytest.mark.parametrize("path", [DOOR, f"{DOOR}/d1c84ec0"])
def test_rubbish_in_any_field_is_stored_or_refused(db, path):
    stored, refused = store_rubbish(path, MARKER | {"end_time": 1471041000}, NOW)
    assert stored > refused
