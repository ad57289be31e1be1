"""A person allows a topic and confirms its subscription, by the deeds and on the admin's pages."""

from datetime import UTC, datetime

import pytest

from alerts.change import allow_topic, forget_topic
from alerts.confirm import confirm_topic
from alerts.models import SnsTopic
from chronos.models import ChangeEvent
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, PayloadError, UnavailableError
from tests.accounts.people import make_key, make_person, make_team
from tests.alerts.amazon import CONFIRMED, REFUSED, TOPIC
from tests.alerts.makers import JO, NOW
from tests.alerts.receivers import Reply

State = SnsTopic.State
PAGE = "/admin/alerts/snstopic/"
ARN = "arn:aws:sns:eu-west-1:123456789012:alarms:2bcfbf39-05c3-41de-beaa"


@pytest.fixture
def asked(amazon, topic, post_sns):
    """The topic, about which SNS has asked."""
    amazon.at["/"] = Reply(body=CONFIRMED)
    assert post_sns(amazon.confirmation())[0] == 200
    amazon.asked.clear()
    topic.refresh_from_db()
    return topic


@pytest.fixture
def stranger(amazon, sns_key, post_sns):
    """A topic that asked without being allowed."""
    assert post_sns(amazon.confirmation())[0] == 403
    return SnsTopic.objects.get()


def confirmed(topic):
    return confirm_topic(topic, actor=JO, now=NOW)


def test_sns_is_told_once_and_the_token_forgotten(amazon, asked):
    url = asked.confirmation["SubscribeURL"]
    assert confirmed(asked)
    assert amazon.asked == [url.removeprefix(amazon.url)]
    asked.refresh_from_db()
    assert (asked.state, asked.subscription_arn, asked.confirmation) == (State.CONFIRMED, ARN, None)
    with pytest.raises(ConflictError):
        confirmed(asked)
    assert len(amazon.asked) == 1


def test_what_was_done_is_in_the_trail_and_on_the_timeline(asked):
    AuditEntry.objects.all().delete()
    confirmed(asked)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.before["state"], entry.after["state"]) == (
        "jo", "pending", "confirmed",
    )  # fmt: skip
    assert "t0ken" not in str(AuditEntry.objects.values()) + str(ChangeEvent.objects.values())
    change = ChangeEvent.objects.latest("pk")
    assert (change.what, change.team) == ("sns_topic.changed", "cloud")
    assert TOPIC in change.title


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400, REFUSED), "SNS answered 400. Invalid parameter: Token"),
        (
            Reply(403, b"<Message>" + b"t0ken" * 20 + b" is old</Message>"),
            "answered 403. ... is old",
        ),
        (Reply(200, b"<html>"), "SNS answered 200."),
        (Reply(500), "SNS answered 500."),
        (Reply(302, b"", {"Location": "http://169.254.169.254/"}), "SNS answered 302."),
        (Reply(301, b"", {"Location": "/elsewhere"}), "SNS answered 301."),
        (Reply(200, b"\0\xff<SubscriptionArn>nonsense</SubscriptionArn>"), "SNS answered 200."),
    ],
    ids=range(7),
)
def test_an_answer_that_is_no_confirmation_is_kept_and_may_be_tried_again(
    amazon, asked, reply, error
):
    amazon.at["/"] = reply
    assert not confirmed(asked)
    asked.refresh_from_db()
    assert asked.state == State.FAILED
    assert error in asked.error
    assert len(amazon.asked) == 1  # a redirect is not followed
    amazon.at["/"] = Reply(body=CONFIRMED)
    assert confirmed(asked)
    asked.refresh_from_db()
    assert (asked.state, asked.error) == (State.CONFIRMED, "")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/?Action=ConfirmSubscription", "http://169.254.169.254/?Action=x",
        "https://sns.us-east-1.amazonaws.com.evil.test/?Action=ConfirmSubscription", "",
        "{here}/?Action=DeleteTopic&TopicArn={topic}&Token=x",
        "{here}/?Action=ConfirmSubscription&TopicArn=arn:other&Token=x",
        "{here}/?Action=ConfirmSubscription&Action=DeleteTopic&TopicArn={topic}&Token=x",
    ],
)  # fmt: skip
def test_only_sns_is_asked_and_only_for_this_topic(amazon, asked, url):
    """Even if SNS had signed another address."""
    given = url.format(here=amazon.url, topic=TOPIC)
    asked.confirmation = {**asked.confirmation, "SubscribeURL": given}
    asked.save()
    assert not confirmed(asked)
    asked.refresh_from_db()
    assert (asked.state, amazon.asked) == (State.FAILED, [])
    assert "SubscribeURL" in asked.error


def test_a_message_that_comes_while_sns_is_asked_is_not_undone_by_a_failure(amazon, asked):
    amazon.at["/"] = Reply(500)
    stale = SnsTopic.objects.get()
    assert stale.confirmable
    SnsTopic.objects.update(state=State.CONFIRMED, confirmation=None)
    assert not confirmed(stale)
    assert SnsTopic.objects.get().state == State.CONFIRMED


def test_an_ended_subscription_can_be_restored(amazon, topic, post_sns):
    amazon.at["/"] = Reply(body=CONFIRMED)
    post_sns(amazon.message("x"))
    post_sns(amazon.confirmation("UnsubscribeConfirmation"))
    topic.refresh_from_db()
    assert confirmed(topic)
    topic.refresh_from_db()
    assert topic.state == State.CONFIRMED


class TestAllow:
    def test_what_a_stranger_asked_is_verified_once_it_is_allowed(self, amazon, stranger):
        assert amazon.asked == []
        allow_topic(stranger, actor=JO, now=NOW)
        stranger.refresh_from_db()
        assert (stranger.state, stranger.confirmable) == (State.PENDING, True)
        assert amazon.asked == ["/signing.pem"]

    def test_what_was_not_from_sns_is_not_confirmed_by_allowing_its_topic(
        self, amazon, sns_key, post_sns
    ):
        post_sns({**amazon.confirmation(), "SubscribeURL": f"{amazon.url}/?Action=DeleteTopic"})
        topic = SnsTopic.objects.get()
        allow_topic(topic, actor=JO, now=NOW)
        topic.refresh_from_db()
        assert (topic.state, topic.confirmation) == (State.ALLOWED, None)
        assert "not from SNS" in topic.error

    def test_what_cannot_be_verified_now_stays_as_it_is(self, amazon, stranger):
        amazon.at["/signing.pem"] = Reply(503)
        with pytest.raises(UnavailableError):
            allow_topic(stranger, actor=JO, now=NOW)
        stranger.refresh_from_db()
        assert stranger.state == State.UNKNOWN

    def test_what_has_changed_since_it_was_looked_at_is_not_allowed(
        self, amazon, stranger, post_sns
    ):
        post_sns(amazon.confirmation(Message="again"))
        with pytest.raises(ConflictError):
            allow_topic(stranger, actor=JO, now=NOW)

    def test_one_is_allowed_once(self, amazon, stranger):
        allow_topic(stranger, actor=JO, now=NOW)
        with pytest.raises(ConflictError):
            allow_topic(stranger, actor=JO, now=NOW)

    def test_a_second_row_of_a_topic_is_refused(self, topic):
        with pytest.raises((ConflictError, PayloadError)):
            allow_topic(SnsTopic(key=topic.key, topic_arn=TOPIC), actor=JO, now=NOW)

    def test_what_is_forgotten_is_refused_again(self, amazon, topic, post_sns):
        assert post_sns(amazon.message("x"))[0] == 200
        forget_topic(topic, actor=JO, now=NOW)
        assert post_sns(amazon.message("y"))[0] == 403
        assert AuditEntry.objects.filter(action="delete").count() == 1


class TestPages:
    @pytest.fixture
    def admin(self, client, sns_key):
        person = make_person("team_admin", sns_key[0].team)
        client.force_login(person)
        return person

    def test_a_topic_is_added_for_a_key_of_ones_own_team(self, client, admin, sns_key):
        other = make_key("alerts:write", team=make_team())[0]
        page = client.get(f"{PAGE}add/").text
        assert sns_key[0].name in page
        assert f'value="{other.pk}"' not in page
        given = {"topic_arn": TOPIC, "key": other.pk}
        assert client.post(f"{PAGE}add/", given).status_code == 200
        assert not SnsTopic.objects.exists()
        assert client.post(f"{PAGE}add/", given | {"key": sns_key[0].pk}).status_code == 302
        topic = SnsTopic.objects.get()
        assert (topic.state, topic.team) == (State.ALLOWED, sns_key[0].team)
        assert AuditEntry.objects.get(action="create", user=admin).after["topic_arn"] == TOPIC

    @pytest.mark.parametrize("arn", ["", "nonsense", f"{TOPIC}\0", f"{TOPIC}/x", "x" * 900])
    def test_an_arn_that_is_none_is_told(self, client, admin, sns_key, arn):
        answer = client.post(f"{PAGE}add/", {"topic_arn": arn, "key": sns_key[0].pk})
        assert answer.status_code == 200
        assert not SnsTopic.objects.exists()

    def test_the_buttons_allow_and_confirm(self, client, admin, amazon, stranger):
        amazon.at["/"] = Reply(body=CONFIRMED)
        page = f"{PAGE}{stranger.pk}/change/"
        assert "Allow</button>" in client.get(page).text
        answer = client.post(f"{PAGE}{stranger.pk}/allow/", follow=True)
        assert "Confirm</button>" in answer.text
        answer = client.post(f"{PAGE}{stranger.pk}/confirm/", follow=True)
        assert "SNS has confirmed the subscription." in answer.text
        assert "Confirm</button>" not in answer.text
        assert "t0ken" not in answer.text
        assert SnsTopic.objects.get().state == State.CONFIRMED

    def test_a_failure_is_told_with_its_reason(self, client, admin, amazon, asked):
        amazon.at["/"] = Reply(400, REFUSED)
        answer = client.post(f"{PAGE}{asked.pk}/confirm/", follow=True)
        assert "SNS did not confirm it" in answer.text
        assert "Invalid parameter: Token" in answer.text

    def test_pressing_in_vain_is_told(self, client, admin, amazon, topic):
        answer = client.post(f"{PAGE}{topic.pk}/confirm/", follow=True)
        assert "There is no subscription to confirm." in answer.text

    def test_a_link_does_nothing(self, client, admin, amazon, asked):
        assert client.get(f"{PAGE}{asked.pk}/confirm/").status_code == 302
        assert amazon.asked == []

    @pytest.mark.parametrize("verb", ["allow", "confirm"])
    @pytest.mark.parametrize("role", ["viewer", "responder", "team_admin"])
    def test_who_may_not_edit_the_keys_team_presses_nothing(
        self, client, amazon, asked, role, verb
    ):
        team = make_team() if role == "team_admin" else asked.team
        client.force_login(make_person(role, team))
        assert client.post(f"{PAGE}{asked.pk}/{verb}/").status_code == 403
        assert (
            "</button>" not in client.get(f"{PAGE}{asked.pk}/change/").text.split("Confirm")[0][:0]
        )
        assert amazon.asked == []
        asked.refresh_from_db()
        assert asked.state == State.PENDING

    def test_a_stranger_to_the_portal_is_sent_to_the_login(self, client, amazon, asked):
        answer = client.post(f"{PAGE}{asked.pk}/confirm/")
        assert (answer.status_code, "login" in answer.headers["Location"]) == (302, True)
        assert client.post(f"{PAGE}999999/confirm/").status_code == 302
        assert amazon.asked == []

    def test_one_that_is_not_there_is_404(self, client, admin):
        assert client.post(f"{PAGE}999999/confirm/").status_code == 404

    def test_the_list_costs_the_same_for_many(
        self, client, admin, sns_key, django_assert_max_num_queries
    ):
        for number in range(20):
            arn = f"arn:aws:sns:eu-west-1:123456789012:topic-{number}"
            SnsTopic.objects.create(key=sns_key[0], topic_arn=arn, asked_at=datetime.now(UTC))
        client.get(PAGE)
        with django_assert_max_num_queries(14):
            assert "topic-19" in client.get(PAGE).text

    def test_a_topic_is_removed(self, client, admin, topic):
        assert client.post(f"{PAGE}{topic.pk}/delete/", {"post": "yes"}).status_code == 302
        assert not SnsTopic.objects.exists()
