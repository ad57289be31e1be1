"""Alertmanager's API v2 as Prometheus speaks it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from alerts.formats.alertmanager import AlertmanagerFormat
from opsportal.lib.contracts import Received
from opsportal.lib.errors import OpsError, PayloadError

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
FORMAT = AlertmanagerFormat()


def parse(payload, content_type="application/json"):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return FORMAT.parse(Received(body, NOW, content_type=content_type))


def answer(payload, content_type="application/json"):
    """Status and decoded body of what the door would say."""
    try:
        parsed = parse(payload, content_type)
        reply = FORMAT.answer(parsed, [])
    except OpsError as error:
        reply = FORMAT.refuse(error)
    return reply.status, json.loads(reply.body) if reply.body else None


def one(labels=None, **fields):
    return parse([{"labels": labels or {"alertname": "DiskFull"}, **fields}]).events[0]


def test_labels_and_annotations_fill_the_fields():
    event = one(
        {"alertname": "DiskFull", "severity": "page", "job": "node", "instance": "h1:9100",
         "env": "prod", "x": ""},
        annotations={"summary": "full", "description": "very", "runbook_url": "https://wiki/x"},
        generatorURL="http://prometheus/graph",
    )  # fmt: skip
    assert (event.name, event.severity, event.service) == ("DiskFull", "critical", "node")
    assert (event.resource, event.environment, event.summary) == ("h1:9100", "prod", "full")
    assert event.runbook_url == "https://wiki/x"
    assert event.links[0].href == "http://prometheus/graph"
    assert "x" not in event.labels


def test_an_end_in_the_future_still_fires_until_then():
    end = NOW + timedelta(minutes=4)
    event = one(endsAt=end.isoformat())
    assert (event.status, event.ends_at) == ("firing", end)


def test_an_end_that_has_come_resolves():
    assert one(endsAt=NOW.isoformat()).status == "resolved"


def test_without_an_end_it_lasts_the_resolve_timeout():
    event = one(endsAt="0001-01-01T00:00:00.000Z", startsAt="0001-01-01T00:00:00.000Z")
    assert (event.starts_at, event.ends_at, event.timeout) == (None, None, timedelta(minutes=5))


def test_errors_of_meaning_leave_the_good_ones():
    parsed = parse([{"labels": {}}, {"labels": {"alertname": "ok"}}])
    reply = FORMAT.answer(parsed, [])
    assert [event.name for event in parsed.events] == ["ok"]
    assert (reply.status, json.loads(reply.body)) == (400, "at least one label pair required")


def test_an_end_before_the_start_is_refused():
    parsed = parse(
        [
            {
                "labels": {"a": "b"},
                "startsAt": "2026-01-02T00:00:00Z",
                "endsAt": "2026-01-01T00:00:00Z",
            }
        ]
    )
    assert parsed.rejected[0].errors[0].message == "start time must be before end time"


@pytest.mark.parametrize(
    "payload",
    [{}, {"labels": {"a": "b"}}, [{"annotations": {}}], [{"labels": {"a": 1}}], [5],
     [{"labels": {"a": "b"}, "startsAt": "soon"}]],
)  # fmt: skip
def test_errors_of_shape_refuse_the_batch(payload):
    with pytest.raises(PayloadError):
        parse(payload)
    status, said = answer(payload)
    assert (status, said["code"]) in {(400, 400), (422, 602)}


# Status and body as Debian's Alertmanager 0.25 answers (see alertmanager/test_differential).
PARSING = 'parsing alerts body from "" failed, because '
OK = {"labels": {"alertname": "ok"}}
SAID = [
    (b"", 422, {"code": 602, "message": "alerts in body is required"}),
    (b"[]", 200, None),
    (b"null", 200, None),
    ([{}], 422, {"code": 602, "message": "0.labels in body is required"}),
    ([OK, {"labels": None}], 422, {"code": 602, "message": "1.labels in body is required"}),
    ([OK, {"generatorURL": "rel"}], 422,
     {"code": 601, "message": '1.generatorURL in body must be of type uri: "rel"'}),
    ([{**OK, "generatorURL": "http://p/%zz"}], 422,
     {"code": 601, "message": '0.generatorURL in body must be of type uri: "http://p/%zz"'}),
    ([{**OK, "generatorURL": "/graph?x=%"}, {**OK, "generatorURL": ""}], 200, None),
    ([{"labels": {}}], 400, "at least one label pair required"),
    ([{"labels": {"a": "", "b": None}}, OK], 400, "at least one label pair required"),
    ([{**OK, "startsAt": "", "endsAt": ""}, {**OK, "startsAt": None}], 200, None),
    ([{"labels": {"": "x"}}], 400, 'invalid label set: invalid name ""'),
    ([{**OK, "annotations": {"": "x"}}], 400, 'invalid annotations: invalid name ""'),
    ([{"labels": {"bad-name": "x", "名": "x"}}], 200, None),
    ([{"labels": {}}, {**OK, "startsAt": "2026-01-02T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"}],
     400, "at least one label pair required; start time must be before end time"),
    ([{**OK, "startsAt": "2026-03-04T06:00:00Z"}], 400, "start time must be before end time"),
    ([{**OK, "endsAt": "9999-12-31T23:59:59-05:00", "startsAt": "1066-10-14T09:00:00Z"}],
     200, None),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "status", "said"), SAID)
def test_errors_are_alertmanagers(payload, status, said):
    assert answer(payload) == (status, said)


@pytest.mark.parametrize(
    "payload", [b"{", b"{}", b"5", [5], [None], [[]], b'[{"labels":{"a":"\xff"}}]',
                [{"labels": []}], [{"labels": {"a": 1}}], [{**OK, "annotations": {"a": 1}}],
                [{**OK, "startsAt": 5}],
                [{**OK, "startsAt": "10000-01-01T00:00:00Z"}], b"[" * 100_000],
)  # fmt: skip
def test_what_cannot_be_read_is_said_to_be_so(payload):
    status, said = answer(payload)
    assert (status, said["code"]) == (400, 400)
    assert said["message"].startswith(PARSING)


@pytest.mark.parametrize("given", ["text/plain", "", "application/x-www-form-urlencoded", "bogus"])
def test_only_json_is_taken(given):
    message = f'unsupported media type "{given}", only [application/json] are allowed'
    assert answer([], given) == (415, {"code": 415, "message": message})
    assert answer([], "Application/JSON; charset=utf-8") == (200, None)


def test_nothing_is_fine():
    parsed = parse([])
    assert FORMAT.answer(parsed, []).status == 200


def test_endless_values_are_cut_and_still_tell_alerts_apart():
    long = {"alertname": "Big", "dump": "x" * 100_000}
    event = one(long, annotations={"all": "y" * 100_000}, generatorURL="http://p/" + "z" * 5000)
    assert len(event.labels["dump"]) == len(event.annotations["all"]) == 4096
    assert event.links == ()
    assert one({**long, "dump": long["dump"] + "x"}).dedup_key != event.dedup_key


def test_thousands_of_labels_are_refused_and_the_others_kept():
    many = {f"l{number}": "v" for number in range(10_000)}
    parsed = parse([{"labels": many}, {"labels": {"alertname": "ok"}}])
    assert [rejection.index for rejection in parsed.rejected] == [0]
    assert [event.name for event in parsed.events] == ["ok"]
