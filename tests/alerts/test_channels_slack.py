"""Slack's incoming webhooks, against a server that checks what Slack would."""

from dataclasses import replace

import pytest

from alerts.channels import Member
from alerts.channels.slack import SlackChannel
from alerts.normalise import Link
from opsportal.lib.errors import DeliveryError, PayloadError
from tests.alerts.makers import NOW
from tests.alerts.receivers import Reply, Request, http_server
from tests.alerts.test_channels_email import message


def slack(request: Request) -> Reply:
    body = request.json
    attachments = body.get("attachments", [])
    buttons = [action for found in attachments for action in found.get("actions", [])]
    good = (body.get("text") or attachments) and len(buttons) <= 5
    good = good and all(button["url"].startswith("http") for button in buttons)
    return Reply(200, b"ok") if good else Reply(400, b"invalid_payload")


@pytest.fixture
def server():
    with http_server() as found:
        found.reply = slack
        yield found


def sent(server, said, **settings):
    assert SlackChannel.send(said, {"url": f"{server.url}/services/T/B/x", **settings}) == "200 ok"
    return server.requests[-1].json["attachments"][0]


def member(number, **values):
    facts = {
        "id": number, "name": "DiskFull", "severity": "high", "status": "firing",
        "summary": f"Disk {number} is <full> & hot", "service": "billing", "resource": "",
        "url": f"http://portal.example.org/alerts/{number}/", "starts_at": NOW,
    }  # fmt: skip
    return Member(**facts | values)


def test_an_alert_has_its_colour_facts_and_links(server):
    found = sent(
        server,
        message(
            description="a <b> & c",
            acknowledge_url="http://portal.example.org/a/x/",
            links=(Link("https://graphs.example.org/a|b", "Gr>aph"), Link("javascript:1")),
        ),
    )
    assert found["title"] == found["fallback"] == "[CRITICAL] billing: Disk is full"
    assert found["title_link"] == "http://portal.example.org/alerts/3/"
    assert found["color"] == "#b91c1c"
    assert "a &lt;b&gt; &amp; c" in found["text"]
    assert "<https://graphs.example.org/a%7Cb|Gr&gt;aph>" in found["text"]
    assert "javascript" not in found["text"]
    assert {"title": "Service", "value": "billing", "short": True} in found["fields"]
    assert [(a["text"], a["url"]) for a in found["actions"]] == [
        ("Acknowledge", "http://portal.example.org/a/x/"),
        ("Open", "http://portal.example.org/alerts/3/"),
    ]


def test_a_group_is_listed_and_counted(server):
    members = tuple(member(number) for number in range(50))
    said = message(members=members, counts={"high": 118}, resolved_count=2)
    found = sent(server, said)
    assert found["text"].count("•") == 20
    assert "… and 100 more" in found["text"]
    assert "&lt;full&gt; &amp; hot" in found["text"]


def test_own_words_take_the_place_of_ours(server):
    found = sent(server, replace(message(), own_subject="Hey", own_body="look at <this>"))
    assert (found["title"], found["text"]) == ("Hey", "look at &lt;this&gt;")
    assert "fields" not in found


def test_the_end_is_green_and_a_test_has_nothing_to_open(server):
    assert sent(server, message(kind="resolved"))["color"] == "#15803d"
    assert sent(server, message(kind="test"))["actions"] == []


def test_another_channel_can_be_named(server):
    sent(server, message(), channel="#night")
    assert server.requests[0].json["channel"] == "#night"


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (403, True), (404, True), (410, True), (429, False)]
)
def test_refusals(server, status, permanent):
    server.reply = lambda request: Reply(status, b"no_service", {"Retry-After": "30"})
    with pytest.raises(DeliveryError, match="no_service") as caught:
        SlackChannel.send(message(), {"url": server.url})
    assert caught.value.permanent is permanent


def test_the_address_is_checked():
    with pytest.raises(PayloadError):
        SlackChannel.clean({"url": "ftp://hooks.slack.com/x"})
    with pytest.raises(PayloadError):
        SlackChannel.clean({})


def test_private_addresses_are_refused(settings, server):
    settings.OUTBOUND_ALLOW = []
    with pytest.raises(DeliveryError, match="not public") as caught:
        SlackChannel.send(message(), {"url": server.url})
    assert caught.value.permanent
