"""PagerDuty's alert events, and what is made of them."""

import json
from datetime import UTC, datetime

import pytest

from alerts.channels.pagerduty import pagerduty_event
from alerts.formats.pagerduty.event import scoped_key, stable_name
from alerts.normalise import Link, Respond
from tests.alerts.pagerduty.conftest import EVENT, FORMAT, KEY, fired, fixture, parse
from tests.alerts.test_channels_email import message


def test_the_documented_trigger_fills_the_fields():
    event = parse(fixture("trigger")).events[0]
    assert (event.status, event.name, event.severity) == ("firing", "deploy", "info")
    assert event.summary == "Example alert on host1.example.com"
    assert event.resource.startswith("monitoringtool:cloudvendor:central-region")
    assert (event.source, event.service) == ("Sample Monitoring Service", "postgres")
    assert event.labels == {
        "ping time": "1500ms",
        "load avg": "0.75",
        "component": "postgres",
        "group": "prod-datapipe",
        "class": "deploy",
    }
    assert event.starts_at == datetime(2015, 7, 17, 8, 42, 58, 315_000, UTC)
    assert [(link.href, link.text) for link in event.links] == [
        ("https://example.com/", "Link text"),
        (
            "https://www.pagerduty.com/wp-content/uploads/2016/05/pagerduty-logo-green.png",
            "Example text",
        ),
        ("https://monitoring.example.com", "Sample Monitoring Service"),
    ]
    assert (event.dedup_key, event.team_id) == ("pd:7:samplekeyhere", 3)


def test_the_routing_key_is_in_nothing_that_is_made_of_an_event():
    for name in ("trigger", "trigger_openapi", "alertmanager_trigger"):
        given_event = fixture(name)
        parsed = parse(given_event)
        assert given_event["routing_key"] not in str(parsed)
        assert json.loads(parsed.events[0].payload) == given_event | {"routing_key": "[redacted]"}


def test_alertmanager_as_the_sender():
    event = parse(fixture("alertmanager_trigger")).events[0]
    assert event.name == "DiskFull db-# (node critical)"
    assert (event.severity, event.source, event.resource) == ("high", "Alertmanager", "")
    assert event.description.startswith("Labels:\n - alertname = DiskFull")
    assert event.labels == {"num_firing": "1", "num_resolved": "0"}
    ended = parse(fixture("alertmanager_resolve")).events[0]
    assert (ended.status, ended.dedup_key) == ("resolved", event.dedup_key)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("critical", "critical"), ("error", "high"), ("warning", "warning"), ("info", "info")],
)
def test_severities_are_ours(theirs, ours):
    assert fired(severity=theirs).severity == ours


def test_an_acknowledgement_is_an_order():
    parsed = parse(fixture("acknowledge"))
    assert parsed.orders == [Respond(action="acknowledge", dedup_key="pd:7:samplekeyhere")]
    assert not parsed.events
    assert json.loads(FORMAT.answer(parsed, []).body)["dedup_key"] == "samplekeyhere"


def test_a_resolve_needs_no_payload():
    event = parse(fixture("resolve")).events[0]
    assert (event.status, event.dedup_key) == ("resolved", "pd:7:samplekeyhere")


def test_a_trigger_without_a_key_gets_one_that_nobody_has():
    event = {name: value for name, value in EVENT.items() if name != "dedup_key"}
    keys = {parse(event).sender_key for _ in range(3)}
    keys |= {parse({**event, "dedup_key": blank}).sender_key for blank in (None, "", " ")}
    assert len(keys) == 6
    parsed = parse(event)
    reply = FORMAT.answer(parsed, [])
    assert (reply.status, json.loads(reply.body)) == (
        202,
        {"status": "success", "message": "Event processed", "dedup_key": parsed.sender_key},
    )
    assert parsed.events[0].dedup_key == f"pd:7:{parsed.sender_key}"


def test_keys_are_their_routing_keys_and_fit():
    long = "k" * 255
    assert scoped_key(1, "a") != scoped_key(11, "a")
    assert len(scoped_key(123_456_789, long)) <= 255
    assert scoped_key(1, long) != scoped_key(1, long[:-1] + "x")
    assert scoped_key(1, long) != scoped_key(2, long)
    parsed = parse({**EVENT, "dedup_key": long})
    assert parsed.sender_key == long
    assert parse({**EVENT, "dedup_key": " a "}).sender_key == " a "
    assert parse({**EVENT, "dedup_key": 12}).sender_key == "12"


@pytest.mark.parametrize(
    ("summary", "name"),
    [
        ("DISK at 99% on machine prod-datapipe03.example.com",
         "DISK at #% on machine prod-datapipe03.example.com"),
        ("[FIRING:12] HighLatency p99 (api)", "HighLatency p99 (api)"),
        ("PING OK - Packet loss = 0%, RTA = 1.41 ms", "PING OK - Packet loss = #%, RTA = # ms"),
        ("Host 'c40 :: 179.21.24.50' is DOWN", "Host 'c40 :: #' is DOWN"),
        ("[prod]  disk \n full", "[prod] disk full"),
    ],
)  # fmt: skip
def test_the_name_is_what_stays_the_same_in_the_summary(summary, name):
    assert stable_name(summary) == name
    assert fired(summary=summary).name == name
    assert fired(summary=summary, **{"class": "ping failure"}).name == "ping failure"


def test_a_summary_that_is_nothing_but_a_count_is_the_name():
    assert fired(summary="[FIRING:3]").name == "[FIRING:3]"


def test_details_are_labels_when_short_and_annotations_when_not():
    event = fired(
        custom_details={
            "cluster": "eu-1", "up": True, "load": 0.75, "none": None, "blank": " ",
            "log": "a\nb", "long": "x" * 5000, "tree": {"a": [1]}, "list": [1, 2],
            "service": "billing", "environment": "prod", "region": "eu", "value": 93.5,
            "description": "It is full.",
        }
    )  # fmt: skip
    assert event.labels == {
        "cluster": "eu-1", "up": "true", "load": "0.75", "service": "billing",
        "environment": "prod", "region": "eu", "value": "93.5",
    }  # fmt: skip
    assert event.annotations == {
        "log": "a\nb", "long": "x" * 4096, "tree": '{"a":[1]}', "list": "[1,2]"
    }  # fmt: skip
    assert (event.service, event.environment, event.region) == ("billing", "prod", "eu")
    assert (event.value, event.description) == (93.5, "It is full.")


@pytest.mark.parametrize(
    ("details", "kept"), [("down", "down"), (7, "7"), (["a"], '["a"]'), (None, None)]
)
def test_details_that_are_no_object_are_kept(details, kept):
    event = fired(custom_details=details)
    assert {**event.labels, **event.annotations}.get("custom_details") == kept


def test_thousands_of_details_are_cut():
    event = fired(custom_details={f"d{n}": "v" for n in range(5000)} | {"n" * 5000: "v"})
    assert len(event.labels) == 100
    assert all(len(name) <= 200 for name in event.labels)


@pytest.mark.parametrize(
    ("given_text", "instant"),
    [
        ("2015-07-17T08:42:58.315+0000", datetime(2015, 7, 17, 8, 42, 58, 315_000, UTC)),
        ("2026-01-02T03:04:05.123456+00:00Z", datetime(2026, 1, 2, 3, 4, 5, 123_456, UTC)),
        ("2026-01-02T05:04:05+0200", datetime(2026, 1, 2, 3, 4, 5, 0, UTC)),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123_456, UTC)),
        (" 2026-01-02 03:04:05 ", datetime(2026, 1, 2, 3, 4, 5, 0, UTC)),
        (1_767_323_045, datetime(2026, 1, 2, 3, 4, 5, 0, UTC)),
        ("soon", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:00", None),
        (1e300, None),
        (True, None),
        ({}, None),
        (None, None),
    ],
)
def test_timestamps_are_read_leniently(given_text, instant):
    assert fired(timestamp=given_text).starts_at == instant


def test_links_that_no_browser_should_open_are_left_out():
    event = parse(
        {
            **EVENT,
            "links": [
                {"href": "javascript:alert(1)"}, {"href": 5}, {"text": "no href"}, "x", None,
                {"href": "https://a.example.org/" + "x" * 1000},
                {"href": "https://wiki.example.org/full", "text": "Runbook"},
                {"href": "https://wiki.example.org/full", "text": "again"},
                *({"href": f"https://b.example.org/{n}"} for n in range(50)),
            ],
            "images": "none", "client_url": ["https://x.example.org/"],
        }
    ).events[0]  # fmt: skip
    assert len(event.links) == 20
    assert event.links[0] == Link("https://wiki.example.org/full", "Runbook")
    assert event.runbook_url == "https://wiki.example.org/full"


def test_what_our_own_channel_sends_is_understood():
    said = message(
        kind="opened", name="DiskFull", summary="Disk is full", severity="high", service="billing",
        resource="db-1", environment="prod", region="eu", description="It is.", value=93.5,
        labels={"host": "db-1", "mount": "/srv"}, annotations={"dashboard": "d1"},
        runbook_url="https://wiki.example.org/",
    )  # fmt: skip
    event = parse(pagerduty_event(said, KEY)).events[0]
    for name in (
        "name", "summary", "severity", "service", "resource", "environment", "region",
        "description", "value", "runbook_url", "starts_at",
    ):  # fmt: skip
        assert getattr(event, name) == getattr(said, name), name
    assert event.source == "opsportal"
    assert event.labels.items() >= dict(said.labels).items()
    assert event.annotations == said.annotations
    assert said.url in [link.href for link in event.links]
    for kind, action in (("acknowledged", "orders"), ("resolved", "events")):
        ended = parse(pagerduty_event(message(kind=kind), KEY))
        assert getattr(ended, action)[0].dedup_key == event.dedup_key
