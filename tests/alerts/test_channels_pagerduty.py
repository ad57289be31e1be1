"""PagerDuty, against a server that checks the Events API's contract."""

import json
from typing import Any

import pytest

from alerts.channels.pagerduty import SEVERITIES, PagerDutyChannel
from alerts.normalise import Link
from opsportal.lib.errors import DeliveryError, PayloadError
from tests.alerts.receivers import Reply, Request, http_server
from tests.alerts.test_channels_email import message

KEY = "R0123456789ABCDEF0123456789ABCDE"


def refusals(event: dict[str, Any]) -> list[str]:
    """What PagerDuty would complain about."""
    errors = []
    if len(event.get("routing_key", "")) != 32:
        errors.append("Length of 'routing_key' is incorrect (should be 32 characters)")
    if event.get("event_action") not in ("trigger", "acknowledge", "resolve"):
        errors.append("'event_action' is invalid")
    if len(event.get("dedup_key", "")) > 255:
        errors.append("'dedup_key' is too long")
    if event.get("event_action") != "trigger":
        return errors if event.get("dedup_key") else [*errors, "'dedup_key' is missing"]
    payload = event.get("payload", {})
    if not 0 < len(payload.get("summary", "")) <= 1024:
        errors.append("'payload.summary' is missing or too long")
    if not payload.get("source"):
        errors.append("'payload.source' is missing")
    if payload.get("severity") not in ("critical", "error", "warning", "info"):
        errors.append("'payload.severity' is invalid")
    if not all(link["href"].startswith("http") for link in event.get("links", [])):
        errors.append("'links' is invalid")
    return errors


def pagerduty(request: Request) -> Reply:
    if len(request.body) > 512 * 1024:
        return Reply(413, b"")
    if errors := refusals(request.json):
        answer = {
            "status": "invalid event",
            "message": "Event object is invalid",
            "errors": errors,
        }
        return Reply(400, json.dumps(answer).encode())
    answer = {
        "status": "success",
        "message": "Event processed",
        "dedup_key": request.json["dedup_key"],
    }
    return Reply(202, json.dumps(answer).encode())


@pytest.fixture
def server():
    with http_server() as found:
        found.reply = pagerduty
        yield found


def send(server, said, key: str = KEY) -> str:
    return PagerDutyChannel.send(said, {"routing_key": key, "url": f"{server.url}/v2/enqueue"})


def test_a_firing_triggers_with_all_that_is_known(server):
    answer = send(
        server,
        message(
            resource="db-1",
            environment="prod",
            labels={"host": "db-1"},
            value=93.5,
            links=(Link("https://grafana.example.org/", "Graph"), Link("javascript:x")),
            runbook_url="https://wiki.example.org/",
        ),
    )
    assert answer.startswith("202 ")
    event = server.requests[0].json
    assert server.requests[0].path == "/v2/enqueue"
    assert event["event_action"] == "trigger"
    assert event["dedup_key"] == "opsportal-alert-3-1"
    assert event["client"] == "opsportal"
    assert event["client_url"] == "http://portal.example.org/alerts/3/"
    payload = event["payload"]
    assert (payload["summary"], payload["source"]) == ("Disk is full", "db-1")
    assert (payload["component"], payload["group"]) == ("billing", "prod")
    assert payload["timestamp"] == "2026-03-01T12:00:00.000000Z"
    assert payload["custom_details"]["labels"] == {"host": "db-1"}
    assert payload["custom_details"]["value"] == 93.5
    assert [link["text"] for link in event["links"]] == ["Alert in opsportal", "Runbook", "Graph"]


@pytest.mark.parametrize(("ours", "theirs"), SEVERITIES.items())
def test_severities_are_mapped(server, ours, theirs):
    send(server, message(severity=ours))
    assert server.requests[0].json["payload"]["severity"] == theirs


@pytest.mark.parametrize("kind", ["resolved", "expired"])
def test_the_end_resolves_what_was_triggered(server, kind):
    send(server, message())
    send(server, message(kind=kind))
    opened, ended = [request.json for request in server.requests]
    assert ended["event_action"] == "resolve"
    assert ended["dedup_key"] == opened["dedup_key"]
    assert ended["routing_key"] == KEY


def test_an_acknowledgement_acknowledges(server):
    send(server, message(kind="acknowledged"))
    assert server.requests[0].json["event_action"] == "acknowledge"


def test_an_alert_with_nothing_but_a_name_is_taken(server):
    send(server, message(summary="", service=""))
    assert server.requests[0].json["payload"]["source"] == "opsportal"


def test_what_is_too_large_is_sent_without_its_details(server):
    send(server, message(labels={"big": "x" * 600_000}))
    details = server.requests[0].json["payload"]["custom_details"]
    assert "Too large" in details["note"]


def test_a_test_leaves_nothing_open(server):
    send(server, message(kind="test"))
    assert [r.json["event_action"] for r in server.requests] == ["trigger", "resolve"]


def test_a_refusal_is_final_and_says_why(server):
    with pytest.raises(DeliveryError, match="should be 32 characters") as caught:
        send(server, message(), key="short")
    assert caught.value.permanent
    assert "Event object is invalid" in caught.value.message


@pytest.mark.parametrize("status", [429, 500, 503])
def test_too_many_and_faults_are_worth_a_retry(server, status):
    server.reply = lambda request: Reply(status, b"", {"Retry-After": "30"})
    with pytest.raises(DeliveryError) as caught:
        send(server, message())
    assert (caught.value.permanent, caught.value.retry_after) == (False, 30.0)


def test_settings_need_a_key():
    assert PagerDutyChannel.clean({"routing_key": KEY}) == {"routing_key": KEY}
    for wrong in ({}, {"routing_key": "a b"}, {"routing_key": "x" * 65}, {"routing_key": 5}):
        with pytest.raises(PayloadError) as caught:
            PagerDutyChannel.clean(wrong)
        assert caught.value.errors[0].field == "settings.routing_key"
