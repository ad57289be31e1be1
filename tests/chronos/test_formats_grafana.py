"""Grafana's annotations become changes of the timeline."""

import json
from datetime import UTC, datetime

import pytest

from chronos.formats.grafana import GrafanaAnnotationsFormat, GraphiteAnnotationsFormat
from chronos.models import ChangeEvent
from chronos.record import record_changes
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from tests.chronos.cloudevents import NOW

FORMAT, GRAPHITE = GrafanaAnnotationsFormat(), GraphiteAnnotationsFormat()
AT = 1_507_037_197_339


def parse(body, found=FORMAT):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    (change,) = found.parse(Received(raw, NOW, key_id=7)).changes
    return change


def test_the_documented_annotation():
    found = parse(
        {"dashboardUID": "jcIIG-07z", "panelId": 2, "time": AT, "timeEnd": 1_507_180_805_056,
         "tags": ["tag1", "tag2"], "text": "Annotation Description"}
    )  # fmt: skip
    assert (found.kind, found.title, found.tags) == (
        "note", "Annotation Description", ("tag1", "tag2"),
    )  # fmt: skip
    assert found.started_at == datetime(2017, 10, 3, 13, 26, 37, 339_000, UTC)
    assert found.ended_at == datetime(2017, 10, 5, 5, 20, 5, 56_000, UTC)
    assert found.data == {"annotation": {"key": 7, "dashboardUID": "jcIIG-07z", "panelId": 2}}


def test_null_and_zero_are_absent():
    found = parse({"text": "x", "time": None, "timeEnd": 0, "tags": None, "panelId": None})
    assert (found.started_at, found.ended_at, found.tags) == (None, None, ())
    assert parse({"text": "x", "time": AT, "timeEnd": 0}).ended_at is None


def test_swapped_ends_are_put_in_order():
    found = parse({"text": "x", "time": AT, "timeEnd": AT - 1000})
    assert (found.ended_at - found.started_at).seconds == 1
    assert parse({"text": "x", "timeEnd": AT}).ended_at == NOW


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        (["deploy", "app:api"], "deployment"), (["kind:rollback"], "rollback"),
        (["version=1.2"], "deployment"), (["feature_flag"], "flag"), (["kind:drill"], "drill"),
        (["odd"], "note"),
    ],
)  # fmt: skip
def test_tags_say_the_kind(tags, kind):
    assert parse({"text": "x", "tags": tags}).kind == kind


def test_tags_of_names_and_values_fill_fields_and_stay_tags():
    tags = [
        "app:api",
        "env=prod",
        "version:1:2",
        "team:a",
        "app:other",
        "title:no",
        "status:failed",
    ]
    found = parse({"text": "x", "tags": tags})
    assert (found.service, found.environment, found.version) == ("api", "prod", "1:2")
    assert (found.team, found.title, found.status, found.tags) == ("a", "x", "", tuple(tags))


def test_html_becomes_a_title_a_body_and_links():
    text = (
        "<b>Deployed</b> api\nby <a href=\"https://ci.example/1\">CI</a> & <a href='javascript:x'>"
    )
    found = parse({"text": text})
    assert (found.title, found.body) == ("Deployed api", text)
    assert found.links == ({"href": "https://ci.example/1", "text": ""},)
    assert parse({"text": "<br>"}).title == "<br>"
    assert parse({"text": "plain"}).body == ""


def test_graphites_events_are_in_seconds_and_their_tags_may_be_one_text():
    event = {"what": "Event - deploy", "tags": ["deploy", "production"], "when": 1_467_844_481,
             "data": "of master"}  # fmt: skip
    found = parse(event, GRAPHITE)
    assert (found.title, found.body) == ("Event - deploy", "Event - deploy\nof master")
    assert found.started_at == datetime(2016, 7, 6, 22, 34, 41, tzinfo=UTC)
    assert parse({"what": "x", "tags": "a  b"}, GRAPHITE).tags == ("a", "b")
    assert parse({"what": "x", "when": None}, GRAPHITE).started_at is None


@pytest.mark.parametrize(
    "body",
    [
        {}, {"text": ""}, {"text": " "}, {"text": 5}, {"text": "x", "time": "soon"}, [],
        {"text": "x", "time": 10**30}, {"text": "x", "time": -(10**14)}, {"text": "x", "tags": "a"},
        {"text": "x", "tags": [1]}, {"text": "x", "timeEnd": []}, b"{", b"\xff", b"",
        b'{"text": "x", "data": ' + b"[" * 300 + b"]" * 300 + b"}", b'{"text": "\\ud800"}',
        b'{"text": "x", "time": 1e999}', b"[" * 99_999,
    ],
)  # fmt: skip
def test_what_is_no_annotation_is_refused_with_a_message(body):
    with pytest.raises(PayloadError) as caught:
        parse(body)
    reply = FORMAT.refuse(caught.value)
    assert (reply.status, list(json.loads(reply.body))) == (400, ["message"])


@pytest.mark.parametrize(
    "body", [{}, {"what": ""}, {"what": "x", "tags": [1]}, {"what": "x", "when": "x"}]
)
def test_what_is_no_event_of_graphites_is_refused(body):
    with pytest.raises(PayloadError):
        parse(body, GRAPHITE)


@pytest.mark.django_db
def test_the_same_again_is_the_same_and_without_a_time_it_is_another():
    same = {"text": "x", "time": AT}
    assert len({record_changes([parse(same)], now=NOW)[0].event_id for _ in range(2)}) == 1
    for _ in range(2):
        record_changes([parse({"text": "x"})], now=NOW)
    assert ChangeEvent.objects.count() == 3
