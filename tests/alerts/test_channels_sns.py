"""Amazon SNS, against the moto server over HTTP."""

import json
from dataclasses import replace

import boto3
import pytest
from moto.server import ThreadedMotoServer

from alerts.change import save_channel
from alerts.channels.sns import SnsChannel, sns_request
from alerts.models import Channel
from opsportal.lib.errors import DeliveryError, PayloadError
from tests.accounts.people import make_team
from tests.alerts.makers import JO, NOW
from tests.alerts.receivers import Reply, http_server
from tests.alerts.test_channels_email import message

KEYS = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "s3cret"}
REGION = "eu-west-1"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:alerts"


@pytest.fixture(scope="module")
def moto():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def cloud(moto, monkeypatch):
    """A client of the test's own; the channel finds the same endpoint."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    # Whatever this machine has of its own does not take part.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return boto3.Session("AKIAEXAMPLE", "s3cret", region_name=REGION)


@pytest.fixture
def queue(cloud):
    """A queue that hears a topic: `listen` subscribes it, `read` empties it."""
    sqs, sns = cloud.client("sqs"), cloud.client("sns")

    class Queue:
        def listen(self, name, **attributes):
            fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
            self.url = sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
            topic = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
            arn = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
            return topic

        def read(self):
            found = sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    return Queue()


def test_a_message_reaches_the_topic(queue):
    topic = queue.listen("alerts")
    answer = SnsChannel.send(
        message(summary="Größe", acknowledge_url="http://portal.example.org/a/x/"),
        {"target": topic, **KEYS},
    )
    assert answer.startswith("message ")
    [said] = queue.read()
    assert said["Subject"] == "[CRITICAL] billing: Gr??e"
    assert "Größe" in said["Message"]
    assert "http://portal.example.org/a/x/" in said["Message"]
    attributes = {name: value["Value"] for name, value in said["MessageAttributes"].items()}
    assert attributes["severity"] == "critical"
    assert attributes["status"] == "firing"


def test_a_fifo_topic_keeps_an_episode_in_order_and_drops_second_copies(queue):
    topic = queue.listen("ordered.fifo", FifoTopic="true")
    for _ in range(2):
        SnsChannel.send(message(), {"target": topic, **KEYS})
    request = sns_request(message(), topic)
    assert request["MessageGroupId"] == "opsportal-alert-3-1"
    assert request["MessageDeduplicationId"] == "opsportal-notification-7-1"
    assert "MessageGroupId" not in sns_request(message(), TOPIC)


def test_a_role_is_assumed_first(queue):
    topic = queue.listen("by-role")
    role = "arn:aws:iam::123456789012:role/alerts"
    SnsChannel.send(message(), {"target": topic, "role": role, **KEYS})
    assert len(queue.read()) == 1


def test_a_phone_gets_a_short_text(cloud):
    settings = {"target": "+4915112345678", "region": REGION, **KEYS}
    assert SnsChannel.send(message(), settings).startswith("message ")
    request = sns_request(replace(message(), summary="x" * 1000), "+4915112345678")
    assert len(request["Message"]) <= 640


def test_what_is_too_large_is_cut():
    request = sns_request(replace(message(), own_body="ü" * 200_000), TOPIC)
    assert len(request["Message"].encode()) <= 200_000


def test_a_topic_that_is_not_there_is_a_final_answer(cloud):
    with pytest.raises(DeliveryError, match="NotFound") as caught:
        SnsChannel.send(message(), {"target": TOPIC + "-gone", **KEYS})
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("status", "code", "permanent"),
    [
        (400, "Throttling", False),
        (503, "ServiceUnavailable", False),
        (500, "InternalError", False),
        (403, "ExpiredToken", False),
        (403, "AuthorizationError", True),
        (403, "InvalidClientTokenId", True),
        (400, "InvalidParameter", True),
    ],
)
def test_refusals(monkeypatch, status, code, permanent):
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    with http_server() as server:
        server.reply = lambda request: Reply(status, body.encode())
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        with pytest.raises(DeliveryError, match=code) as caught:
            SnsChannel.send(message(), {"target": TOPIC, **KEYS})
        assert caught.value.permanent is permanent
        assert len(server.requests) == 1


def test_nobody_there_and_no_credentials_are_worth_a_retry(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for settings in ({"target": TOPIC}, {"target": TOPIC, **KEYS}):
        with pytest.raises(DeliveryError, match="SNS was not reached") as caught:
            SnsChannel.send(message(), settings)
        assert not caught.value.permanent


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({}, "target"),
        ({"target": "alerts"}, "target"),
        ({"target": "+4915112345678"}, "region"),
        ({"target": TOPIC, "region": "nowhere"}, "region"),
        ({"target": TOPIC, "role": "admin"}, "role"),
        ({"target": TOPIC, "access_key_id": "AKIA"}, "secret_access_key"),
    ],
)
def test_settings_are_checked(settings, field):
    with pytest.raises(PayloadError) as caught:
        SnsChannel.clean(settings)
    assert caught.value.errors[0].field == f"settings.{field}"
    assert SnsChannel.clean({"target": TOPIC, **KEYS}) == {"target": TOPIC, **KEYS}


@pytest.mark.django_db
def test_a_teams_channel_publishes_by_keys_of_its_own():
    team = make_team("payments")
    channel = Channel(name="ours", kind="sns", settings={"target": TOPIC}, team=team)
    with pytest.raises(PayloadError, match="an access key of its own") as caught:
        save_channel(channel, actor=JO, now=NOW)
    assert caught.value.errors[0].field == "settings"
    channel.settings = {"target": TOPIC, **KEYS}
    assert save_channel(channel, actor=JO, now=NOW)
    assert save_channel(
        Channel(name="everybody's", kind="sns", settings={"target": TOPIC}), actor=JO, now=NOW
    )
