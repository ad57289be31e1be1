"""CloudEvents over HTTP: keys, answers, duplicates, the handshake, and the SDK in all its modes."""

import json
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from alerts.keep import LONGEST_HEADER
from alerts.models import RawDelivery
from alerts.replay import replay_delivery
from chronos.models import ChangeEvent
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.lib.times import utc_now
from tests.accounts.people import bearer, make_key
from tests.alerts.test_keep import post as post_past_django
from tests.chronos.cloudevents import BATCHED, STRUCTURED, event, headers

DOOR, HOOK = "/api/v1/cloudevents", "/hooks/cloudevents"


@pytest.fixture
def key(db):
    return make_key("events:write", short=True)[1]


@pytest.fixture
def post(client, key):
    """Posts with the key in the header: (status, decoded body)."""

    def send(body, content_type=STRUCTURED, path=DOOR, **given):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        reply = client.post(path, raw, content_type=content_type, headers=bearer(key) | given)
        return reply.status_code, reply.json()

    return send


def counts(accepted, duplicates=0, rejected=()):
    return 200, {"accepted": accepted, "duplicates": duplicates, "rejected": list(rejected)}


def test_the_three_modes_store_and_the_same_again_stores_nothing_new(post):
    assert post(event(data={"app": "api"})) == counts(1)
    assert post(b"{}", "application/json", **headers(id="A2")) == counts(1)
    batch = [event(), event(id="A3"), event(id="A3", data={"tags": ["late"], "app": "web"}), {}]
    status, answer = post(batch, BATCHED)
    assert (status, answer["accepted"], answer["duplicates"]) == (200, 1, 2)
    (rejected,) = answer["rejected"]
    assert (rejected["index"], "id is missing" in rejected["error"]) == (3, True)
    assert post(event(data={"app": "web", "severity": 5}, subject="new")) == counts(0, 1)
    found = ChangeEvent.objects.get(external_id="A1")
    assert (found.service, found.severity, found.subject, found.reports) == ("api", 0, "", 3)
    assert ChangeEvent.objects.count() == 3
    assert ChangeEvent.objects.get(external_id="A3").tags == []


def test_start_and_end_with_one_identity_are_one_change(post):
    run = {"external_id": "run-7", "app": "api", "version": "2"}
    assert post(event(type="x.deploy.started", data=run)) == counts(1)
    end = event(id="A2", type="x.deploy.finished", time="2026-03-04T05:09:00Z", data=run)
    assert [post(end), post(end)] == [counts(1), counts(0, 1)]
    found = ChangeEvent.objects.get()
    assert (found.status, found.started_at.minute, found.ended_at.minute) == ("succeeded", 0, 9)


def test_an_empty_batch_is_fine_and_a_batch_of_nothing_usable_is_400(post):
    assert post([], BATCHED) == counts(0)
    status, answer = post([{}, event(specversion="0.3")], BATCHED)
    assert (status, answer["code"]) == (400, "invalid")
    assert {"field": "1.specversion", "message": "must be 1.0"} in answer["errors"]
    assert post(event(), "application/cloudevents+avro")[0] == 415
    assert post(event(), "application/json")[0] == 415
    assert not ChangeEvent.objects.exists()


def test_large_events_are_taken(post):
    assert post(event(data={"text": "x" * 200_000})) == counts(1)


@pytest.mark.parametrize("path", [DOOR, HOOK, f"{HOOK}/KEY", f"{DOOR}?access_token=KEY"])
def test_a_key_comes_in_a_header_the_query_or_the_path(client, key, path):
    given = {} if "KEY" in path else bearer(key)
    reply = client.post(
        path.replace("KEY", key), json.dumps(event()), content_type=STRUCTURED, headers=given
    )
    assert (reply.status_code, reply.headers["Cache-Control"]) == (200, "private")
    assert key not in str(RawDelivery.objects.values().get())


@pytest.mark.parametrize("path", [DOOR, HOOK, f"{HOOK}/ops_whatever"])
def test_the_handshake_is_open_and_says_nothing(client, db, path):
    reply = client.options(
        path, headers={"WebHook-Request-Origin": "emit.example.com", "WebHook-Request-Rate": "120"}
    )
    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["WebHook-Allowed-Origin"] == "emit.example.com"
    assert (reply.headers["WebHook-Allowed-Rate"], reply.headers["Allow"]) == ("*", "POST")
    for given in ({}, {"WebHook-Request-Origin": "<script>"}):
        reply = client.options(path, headers=given)
        assert reply.status_code == 405
        assert "WebHook-Allowed-Origin" not in reply.headers


def test_what_failed_in_binary_mode_is_replayed_with_its_headers(post):
    wrong = headers(subject="x" * LONGEST_HEADER, secrettoken="hunter2", time="soon")
    assert post(b"", "text/plain", **wrong)[0] == 400
    row = RawDelivery.objects.get()
    assert row.headers["ce-secrettoken"] == "[redacted]"
    row.headers["ce-time"] = "2026-03-04T05:00:00Z"
    row.save()
    assert replay_delivery(row, actor=COMMAND_LINE, now=utc_now()).verdict == "stored"
    assert ChangeEvent.objects.get().external_id == "A1"


def test_the_portals_own_name_is_nobodys_source(post):
    post(event(source="opsportal"))
    assert ChangeEvent.objects.get().source == "sender"


RUBBISH = [0, -1, 10**40, 1.5, True, None, "", "\0", "x" * 9000, [], [None], {}, {"": {"": ""}}]


def test_rubbish_in_any_field_is_stored_or_refused_and_never_a_fault(post):
    known = {
        "app": 1,
        "env": 1,
        "status": 1,
        "actor": 1,
        "tags": 1,
        "links": 1,
        "labels": 1,
        "before": 1,
        "severity": 1,
        "started_at": 1,
        "external_id": 1,
        "title": 1,
        "kind": 1,
        "version": 1,
    }
    batch = [
        event(id=f"{place}", data={**known, name: rubbish})
        for place, (name, rubbish) in enumerate((n, r) for n in known for r in RUBBISH)
    ]
    batch += [
        event(**{"id": f"e{place}", name: rubbish})
        for place, (name, rubbish) in enumerate(
            (n, r) for n in (*event(), "subject", "severitynumber", "data") for r in RUBBISH
        )
    ]
    status, answer = post(batch, BATCHED)
    assert status == 200
    assert answer["accepted"] + answer["duplicates"] >= len(known) * len(RUBBISH)


@pytest.mark.parametrize("value", [b"[" * 900 + b"]" * 900, b"9" * 4000, b"1e999", b'"\\ud800"'])
def test_what_is_deep_or_beyond_numbers_is_never_a_fault(post, value):
    body = json.dumps(event(data="HERE")).encode().replace(b'"HERE"', value)
    assert post(body)[0] in {200, 400}


def test_past_django_it_is_the_same(transactional_db):
    text = make_key("events:write")[1]
    given = headers(subject="Gr%C3%B6%C3%9Fe")
    status, _, body = post_past_django(DOOR, {"app": "api"}, text, **given)
    assert (status, json.loads(body)) == counts(1)
    found = ChangeEvent.objects.get()
    assert (found.subject, found.service, found.source) == ("Größe", "api", "/ci")


def send(live, key, message):
    """Over HTTP: (status, decoded body)."""
    with closing(HTTPConnection(urlsplit(live.url).netloc, timeout=30)) as connection:
        connection.request("POST", DOOR, message.body, message.headers | bearer(key))
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())


def test_the_sdk_is_understood_in_all_its_modes(transactional_db, live_server):
    key = make_key("events:write")[1]
    made = CloudEvent(
        {
            "id": "1",
            "source": "/ci",
            "type": "com.example.deploy.finished",
            "subject": "Größe 1 %",
            "time": datetime(2026, 3, 4, 5, tzinfo=UTC),
            "datacontenttype": "application/json",
            "severitynumber": "13",
        },
        {"app": "api", "version": "1.2"},
    )
    structured, binary = to_structured_event(made), to_binary_event(made)
    assert send(live_server, key, structured) == counts(1)
    found = ChangeEvent.objects.values("subject", "service", "version", "severity", "started_at")
    first = found.get()
    assert (first["subject"], first["service"], first["severity"]) == ("Größe 1 %", "api", 3)
    assert send(live_server, key, binary) == counts(0, 1)
    ChangeEvent.objects.all().delete()
    assert send(live_server, key, binary) == counts(1)
    assert found.get() == first
    batch = type(binary)({"content-type": BATCHED}, b"[%b, %b]" % (structured.body, b"{}"))
    assert send(live_server, key, batch)[1]["duplicates"] == 1
