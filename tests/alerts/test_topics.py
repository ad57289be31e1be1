"""The allow-list of SNS topics, and what SNS says of them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from alerts.hear import hear_topic
from alerts.models import Alert, RawDelivery, SnsTopic
from alerts.normalise import TopicNews
from alerts.topics import MOST_UNKNOWN, note_unknown
from opsportal.accounts.actors import Actor
from tests.alerts.amazon import TOPIC

State = SnsTopic.State


def test_one_that_nobody_allowed_is_remembered_with_what_it_asked(post_sns, amazon, sns_key):
    asked = amazon.confirmation()
    assert post_sns(asked)[0] == 403
    topic = SnsTopic.objects.get()
    assert (topic.state, topic.topic_arn, topic.key) == (State.UNKNOWN, TOPIC, sns_key[0])
    assert topic.confirmation["SubscribeURL"] == asked["SubscribeURL"]
    assert amazon.asked == []
    post_sns(amazon.message("x"))
    assert SnsTopic.objects.get().confirmation["Token"] == asked["Token"]


def test_the_token_is_not_readable_in_the_database(post_sns, amazon, topic):
    asked = amazon.confirmation()
    post_sns(asked)
    with pytest.raises(AssertionError):
        assert asked["Token"] not in str(SnsTopic.objects.get().confirmation)

    with connection.cursor() as cursor:
        cursor.execute("SELECT confirmation FROM alerts_snstopic")
        assert asked["Token"] not in cursor.fetchone()[0]


def test_of_many_that_ask_the_newest_are_remembered(post_sns, amazon, sns_key):
    arn = "arn:aws:sns:eu-west-1:123456789012:topic-{}"
    for number in range(MOST_UNKNOWN + 5):
        post_sns(amazon.confirmation(TopicArn=arn.format(number)))
    kept = set(SnsTopic.objects.values_list("topic_arn", flat=True))
    assert kept == {arn.format(number) for number in range(5, MOST_UNKNOWN + 5)}


def test_a_long_question_of_a_stranger_is_not_kept(post_sns, amazon, sns_key):
    post_sns(amazon.confirmation(Message="x" * 9000))
    topic = SnsTopic.objects.get()
    assert (topic.state, topic.confirmation) == (State.UNKNOWN, None)


def test_an_allowed_one_that_asks_waits_for_a_person(post_sns, amazon, topic):
    assert post_sns(amazon.confirmation())[0] == 200
    topic.refresh_from_db()
    assert (topic.state, topic.confirmable) == (State.PENDING, True)
    assert amazon.asked == ["/signing.pem"]
    assert RawDelivery.objects.get().error == "It waits for a person to confirm it."
    assert not Alert.objects.exists()


def test_who_sends_is_subscribed_whoever_has_confirmed_it(post_sns, amazon, topic):
    post_sns(amazon.confirmation())
    post_sns(amazon.message("x"))
    topic.refresh_from_db()
    assert (topic.state, topic.confirmation) == (State.CONFIRMED, None)
    assert topic.last_message_at is not None


def test_an_end_is_noted_and_a_late_message_does_not_undo_it(post_sns, amazon, topic):
    post_sns(amazon.message("x"))
    assert post_sns(amazon.confirmation("UnsubscribeConfirmation"))[0] == 200
    post_sns(amazon.message("y"))
    topic.refresh_from_db()
    assert (topic.state, topic.confirmable) == (State.UNSUBSCRIBED, True)


def test_a_forged_confirmation_changes_nothing(post_sns, amazon, topic):
    for kind in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        assert post_sns({**amazon.confirmation(kind), "Message": "forged"})[0] == 403
    topic.refresh_from_db()
    assert (topic.state, topic.confirmation) == (State.ALLOWED, None)


def test_a_busy_topic_costs_one_look_a_message(amazon, topic, django_assert_num_queries):

    actor = Actor("key", None, topic.key_id)
    now = datetime.now(UTC)
    hear_topic(TopicNews(TOPIC, "heard"), actor=actor, now=now)
    with django_assert_num_queries(1):
        hear_topic(TopicNews(TOPIC, "heard"), actor=actor, now=now + timedelta(seconds=59))
    with django_assert_num_queries(2):
        hear_topic(TopicNews(TOPIC, "heard"), actor=actor, now=now + timedelta(seconds=60))


def test_one_that_goes_on_sending_is_written_down_once_a_minute(topic, django_assert_num_queries):
    now = datetime.now(UTC)
    note_unknown(topic.key_id, "arn:other", confirmation=None, now=now)
    with django_assert_num_queries(1):
        note_unknown(topic.key_id, "arn:other", confirmation=None, now=now)
    note_unknown(topic.key_id, "arn:other", confirmation=None, now=now + timedelta(minutes=1))
    noted = SnsTopic.objects.get(topic_arn="arn:other").last_message_at
    assert noted == now + timedelta(minutes=1)


def test_an_allowed_topic_is_not_made_unknown_again(topic):
    note_unknown(topic.key_id, TOPIC, confirmation=None, now=datetime.now(UTC))
    assert SnsTopic.objects.get().state == State.ALLOWED
