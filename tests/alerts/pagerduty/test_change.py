"""PagerDuty's change events become changes of the timeline."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from alerts.formats.pagerduty import PagerDutyChangeFormat
from opsportal.lib.errors import PayloadError
from tests.alerts.pagerduty.conftest import NOW, fixture, received

FORMAT = PagerDutyChangeFormat()


def change(event):
    (order,) = FORMAT.parse(received(event)).changes
    return order


def payload(**values):
    return {"payload": {"summary": "Deployed", **values}}


def test_the_documented_change_fills_the_fields():
    found = change(fixture("change"))
    assert found.kind == "change"
    assert found.title == "Build Success: Increase snapshot create timeout to 30 seconds"
    assert found.source == "acme-build-pipeline-tool-default-i-9999"
    assert found.started_at == datetime(2020, 7, 17, 8, 42, 58, 315_000, UTC)
    assert found.labels["build_state"] == "passed"
    assert found.data["custom_details"] == fixture("change")["payload"]["custom_details"]
    assert found.data["links"] == [
        {"href": "https://acme.pagerduty.dev/build/2", "text": "View more details in Acme!"}
    ]
    assert fixture("change")["routing_key"] not in str(found)


def test_who_wrote_it_is_a_detail_and_the_actor_is_whoever_sends():
    found = change(fixture("change_git"))
    assert (found.actor, found.labels["author"]) == ("", "Pagerduty")


def test_details_name_the_place():
    found = change(
        payload(custom_details={"service": "billing", "environment": "prod", "region": "eu",
                                "revision": "a1b2c3"})
    )  # fmt: skip
    assert (found.service, found.environment, found.region) == ("billing", "prod", "eu")
    assert (found.version, found.source) == ("a1b2c3", "pagerduty")


def test_without_a_time_or_before_its_time_it_is_now():
    later = (NOW + timedelta(hours=1)).isoformat()
    for timestamp in (None, "soon", later):
        assert change(payload(timestamp=timestamp)).started_at == NOW


def test_what_is_large_is_not_kept():
    assert "too many" in change(payload(custom_details={"x": "y" * 70_000})).data["note"]


@pytest.mark.parametrize("event", [{}, {"payload": []}, payload(summary=" "), payload(summary={})])
def test_a_change_needs_a_summary(event):
    with pytest.raises(PayloadError) as caught:
        FORMAT.parse(received(event))
    assert json.loads(FORMAT.refuse(caught.value).body)["errors"] == [
        "'payload.summary' is missing or blank"
    ]


def test_the_answer_is_pagerdutys():
    parsed = FORMAT.parse(received(fixture("change")))
    reply = FORMAT.answer(parsed, [])
    assert (reply.status, json.loads(reply.body)) == (
        202,
        {"status": "success", "message": "Change event processed"},
    )
