"""The webhook, against a real HTTP server."""

import hashlib
import hmac
import time
from email.utils import format_datetime

import pytest

from alerts.channels import hide_secrets
from alerts.channels.webhook import WebhookChannel
from opsportal.lib.errors import DeliveryError, PayloadError
from opsportal.lib.times import utc_now
from tests.alerts.receivers import Reply, http_server
from tests.alerts.test_channels_email import message
from tests.portal import free_port


@pytest.fixture
def server():
    with http_server() as found:
        yield found


def verify(secret: str, header: str, body: bytes) -> bool:
    """As docs/channels.md tells receivers to."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    if abs(time.time() - int(parts["t"])) > 300:
        return False
    wanted = hmac.new(
        secret.encode("utf-8"), parts["t"].encode() + b"." + body, hashlib.sha256
    ).hexdigest()
    return hmac.compare_digest(wanted, parts["v1"])


def test_the_body_is_signed_and_says_what_happened(server):
    settings = {"url": f"{server.url}/hook?x=1", "secret": "s3cret"}
    answer = WebhookChannel.send(message(labels={"host": "größe"}), settings)
    assert answer == "200 ok"
    [request] = server.requests
    assert request.path == "/hook?x=1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == "opsportal-notification-7-1"
    assert verify("s3cret", request.headers["x-opsportal-signature"], request.body)
    assert not verify("other", request.headers["x-opsportal-signature"], request.body)
    assert not verify("s3cret", request.headers["x-opsportal-signature"], request.body + b" ")
    assert request.json["kind"] == "opened"
    assert request.json["alert"]["status"] == "firing"
    assert request.json["alert"]["labels"] == {"host": "größe"}


def test_every_attempt_has_the_same_body_and_key(server):
    for _ in range(2):
        WebhookChannel.send(message(), {"url": server.url})
    one, other = server.requests
    assert one.body == other.body
    assert one.headers["idempotency-key"] == other.headers["idempotency-key"]
    assert "x-opsportal-signature" not in one.headers


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_answers_worth_a_retry(server, status):
    server.reply = lambda request: Reply(status, b"later")
    with pytest.raises(DeliveryError, match=f"{status} later") as caught:
        WebhookChannel.send(message(), {"url": server.url})
    assert not caught.value.permanent
    assert caught.value.retry_after is None


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410, 422])
def test_answers_that_are_final(server, status):
    server.reply = lambda request: Reply(status, b"no", {"Location": "http://127.0.0.1/"})
    with pytest.raises(DeliveryError, match=f"{status} no") as caught:
        WebhookChannel.send(message(), {"url": server.url})
    assert caught.value.permanent
    assert len(server.requests) == 1


def test_retry_after_is_understood_in_both_forms(server):
    when = format_datetime(utc_now().replace(year=2100), usegmt=True)
    for text, wanted in (("120", 120.0), (when, 3600.0), ("nonsense", None), ("-5", None)):
        server.reply = lambda request, text=text: Reply(503, b"", {"Retry-After": text})
        with pytest.raises(DeliveryError) as caught:
            WebhookChannel.send(message(), {"url": server.url})
        assert caught.value.retry_after == wanted


def test_nobody_there_is_worth_a_retry():
    with pytest.raises(DeliveryError) as caught:
        WebhookChannel.send(message(), {"url": f"http://127.0.0.1:{free_port()}/"})
    assert not caught.value.permanent


def test_settings_need_an_address():
    assert WebhookChannel.clean({"url": " https://example.org/x ", "secret": ""}) == {
        "url": "https://example.org/x"
    }
    for wrong in ({}, {"url": "ftp://example.org/"}, {"url": "https://example.org/", "key": "x"}):
        with pytest.raises(PayloadError):
            WebhookChannel.clean(wrong)


@pytest.mark.parametrize(
    "said",
    [
        "404 Cannot POST /hooks/T0123456789ABCDEF?sig=abcdefghijklmnop",
        "404 no route /hooks/T0123456789ABCDEF",
        "403 bad signature abcdefghijklmnop",
        "500 https://chat.example/hooks/T0123456789ABCDEF?sig=abcdefghijklmnop failed",
    ],
)
def test_a_token_in_the_address_is_hidden_however_the_answer_repeats_it(said):
    url = "https://chat.example/hooks/T0123456789ABCDEF?sig=abcdefghijklmnop"
    kept = hide_secrets(said, WebhookChannel.fields, {"url": url})
    assert "T0123456789ABCDEF" not in kept
    assert "abcdefghijklmnop" not in kept
    assert kept.startswith(said[:4])
