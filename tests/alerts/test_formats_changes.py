"""What says that something changed goes to the timeline, though it came in at a door of alerts."""

import json

import pytest

from alerts.models import Alert, RawDelivery, SnsTopic
from alerts.replay import replay_delivery
from chronos.models import ChangeEvent
from opsportal.accounts.models import ApiKey
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key, make_team
from tests.alerts.amazon import TOPIC
from tests.alerts.makers import JO
from tests.alerts.posting import fixture, post

EVENTBRIDGE = "/hooks/eventbridge"
NAMES = ["cloudtrail", "codedeploy", "codepipeline", "ecs"]


def load(name):
    return json.loads(fixture(f"aws_changes/{name}.json"))


@pytest.fixture
def key(db):
    return make_key("alerts:write", "events:write", short=True, team=make_team("cloud"))


@pytest.mark.parametrize("name", NAMES)
def test_eventbridge_brings_changes(key, name):
    status, _, answer = post(EVENTBRIDGE, load(name), key[1])
    event = ChangeEvent.objects.get()
    assert (status, answer["results"][0]["id"]) == (200, event.pk)
    assert event.team == "cloud"
    assert not Alert.objects.exists()
    assert RawDelivery.objects.get().change_ids == [event.pk]
    assert post(EVENTBRIDGE, load(name), key[1])[2] == answer


def test_what_only_reads_is_ignored_and_no_alert_any_longer(key):
    event = load("cloudtrail")
    event["detail"]["readOnly"] = True
    answer = post(EVENTBRIDGE, event, key[1])[2]
    assert answer == {"results": [], "note": "PutObject only reads."}
    assert RawDelivery.objects.get().verdict == "ignored"
    assert not Alert.objects.exists()


def test_a_key_that_may_only_send_alerts_changes_nothing_until_it_may(db):
    made, text = make_key("alerts:write", short=True)
    status, _, answer = post(EVENTBRIDGE, load("ecs"), text)
    assert (status, "events:write" in answer["message"]) == (403, True)
    assert not ChangeEvent.objects.exists()
    row = RawDelivery.objects.get()
    ApiKey.objects.filter(pk=made.pk).update(scopes=["alerts:write", "events:write"])
    row.refresh_from_db()
    assert replay_delivery(row, actor=JO, now=utc_now()).verdict == "stored"
    assert ChangeEvent.objects.get().service == "servicetest"


@pytest.mark.parametrize("name", NAMES)
def test_sns_brings_changes_of_topics_that_are_allowed(amazon, client, key, name):
    made, text = key
    message = amazon.message(json.dumps(load(name)))

    def send(given):
        return client.post(f"/hooks/sns/{text}", json.dumps(given), content_type="text/plain")

    assert send(message).status_code == 403
    assert not ChangeEvent.objects.exists()
    SnsTopic.objects.filter(key=made, topic_arn=TOPIC).update(state=SnsTopic.State.ALLOWED)
    assert send(message | {"Message": message["Message"] + " "}).status_code == 403
    assert send(message).status_code == 200
    assert send(message).headers["Idempotent-Replayed"] == "true"
    assert ChangeEvent.objects.filter(service__gte="").exclude(source="opsportal").count() == 1
    assert not Alert.objects.exists()
