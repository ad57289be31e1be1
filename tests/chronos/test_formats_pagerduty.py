"""PagerDuty's change events become changes of the timeline."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from chronos.formats.pagerduty import PagerDutyChangeFormat
from chronos.record import record_changes
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
    assert (found.kind, found.external_id) == ("change", "")
    assert found.title == "Build Success: Increase snapshot create timeout to 30 seconds"
    assert found.source == "acme-build-pipeline-tool-default-i-9999"
    assert found.started_at == datetime(2020, 7, 17, 8, 42, 58, 315_000, UTC)
    assert found.labels["build_state"] == "passed"
    assert found.data["custom_details"] == fixture("change")["payload"]["custom_details"]
    assert found.links == (
        {"href": "https://acme.pagerduty.dev/build/2", "text": "View more details in Acme!"},
    )
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


def test_what_cannot_be_read_as_a_time_is_now_and_what_can_is_kept():
    assert change(payload(timestamp=None)).started_at is None
    assert change(payload(timestamp="soon")).started_at is None
    later = NOW + timedelta(hours=1)
    assert change(payload(timestamp=later.isoformat())).started_at == later


@pytest.mark.parametrize(
    ("details", "kind"),
    [
        ({}, "change"),
        ({"version": "1.2"}, "deployment"),
        ({"kind": "feature_flag"}, "flag"),
        ({"kind": "rollback", "version": "1.2"}, "rollback"),
        ({"kind": "Fire drill"}, "fire_drill"),
    ],
)
def test_its_kind_is_what_the_details_say_or_a_deployment_where_there_is_a_version(details, kind):
    assert change(payload(custom_details=details)).kind == kind


def test_details_may_say_what_our_own_events_do():
    found = change(
        payload(custom_details={"app": "api", "status": "failure", "actor": "jo", "severity": 3})
    )
    assert (found.service, found.status, found.actor, found.severity) == ("api", "failed", "jo", 3)


def test_the_same_again_is_no_second_change(db):
    event = fixture("change")
    for outcome in ("recorded", "repeated"):
        (receipt,) = record_changes([change(event)], now=NOW)
        assert receipt.outcome == outcome


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
