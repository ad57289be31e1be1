"""Amazon SNS: the door, what is refused at it, and what any text becomes."""

import io
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from alerts.formats.aws.sns import SnsFormat
from alerts.models import Alert, RawDelivery, SnsTopic
from alerts.replay import replay_delivery
from opsportal import wsgi
from opsportal.lib.contracts import Received
from opsportal.lib.errors import ConflictError, PayloadError
from tests.accounts.people import make_key
from tests.alerts.amazon import TOPIC
from tests.alerts.makers import JO, NOW
from tests.alerts.receivers import Reply


def through_wsgi(path, message):
    """Past Django's middleware: (status, headers)."""
    body = json.dumps(message).encode()
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": path, "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "text/plain; charset=UTF-8", "wsgi.input": io.BytesIO(body),
        "SERVER_NAME": "localhost", "SERVER_PORT": "80",
    }  # fmt: skip
    seen = {}

    def start_response(status, fields):
        seen.update(status=int(status.split()[0]), headers=dict(fields))

    b"".join(wsgi.application(environ, start_response))
    return seen["status"], seen["headers"]


def test_the_web_servers_door_answers_alike(amazon, transactional_db):
    made, text = make_key("alerts:write", short=True)
    message = amazon.message("It burns")
    status, headers = through_wsgi("/hooks/sns", message)
    assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="opsportal"')
    assert through_wsgi(f"/hooks/sns/{text}", message)[0] == 403
    SnsTopic.objects.filter(key=made, topic_arn=TOPIC).update(state=SnsTopic.State.ALLOWED)
    assert through_wsgi(f"/hooks/sns/{text}", message)[0] == 200
    assert through_wsgi(f"/hooks/sns/{text}", message)[1]["Idempotent-Replayed"] == "true"
    assert through_wsgi(f"/hooks/sns/{text}", amazon.confirmation())[0] == 200
    assert Alert.objects.get().name == "It burns"
    assert SnsTopic.objects.get().confirmable


class TestDoor:
    def test_a_message_of_an_allowed_topic_becomes_an_alert_of_the_keys_team(
        self, post_sns, amazon, topic
    ):
        assert post_sns(amazon.message("It burns", Subject="Fire"))[0] == 200
        alert = Alert.objects.get()
        assert (alert.name, alert.summary, alert.team.name) == ("Fire", "It burns", "cloud")
        row = RawDelivery.objects.get()
        assert (row.verdict, row.format, row.alert_ids) == ("stored", "sns", [alert.pk])

    def test_the_same_message_sent_again_is_answered_as_before_and_does_nothing(
        self, post_sns, amazon, topic
    ):
        message = amazon.message("It burns")
        first = post_sns(message)
        # As after a change of its certificate between two tries.
        again = post_sns({**amazon.sign({**message, "SignatureVersion": "2"})})
        assert first[0] == again[0] == 200
        assert first[2] == again[2]
        assert again[1]["Idempotent-Replayed"] == "true"
        assert Alert.objects.get().repeat_count == 0

    def test_another_message_of_the_same_words_is_a_repeat(self, post_sns, amazon, topic):
        for _ in range(2):
            post_sns(amazon.message("It burns"))
        assert Alert.objects.get().repeat_count == 1

    def test_a_wrong_signature_is_403_refused_and_nothing_stored(self, post_sns, amazon, topic):
        status, _, answer = post_sns({**amazon.message("x"), "Message": "y"})
        assert (status, answer["code"]) == (403, "forbidden")
        assert not Alert.objects.exists()
        row = RawDelivery.objects.get()
        assert row.verdict == "refused"
        with pytest.raises(ConflictError, match="refused"):
            replay_delivery(row, actor=JO, now=NOW)

    def test_a_topic_that_nobody_has_allowed_is_403_before_anybody_is_asked(
        self, post_sns, amazon, sns_key
    ):
        status, _, answer = post_sns(amazon.message("x"))
        assert (status, answer["message"]) == (403, f"Nobody has allowed the topic {TOPIC} here.")
        assert amazon.asked == []
        assert RawDelivery.objects.get().verdict == "refused"
        assert not Alert.objects.exists()

    def test_a_topic_is_allowed_for_one_key(self, post_sns, amazon, topic):
        other = make_key("alerts:write", short=True)[1]
        assert post_sns(amazon.message("x"), path=f"/hooks/sns/{other}")[0] == 403
        assert amazon.asked == []

    def test_a_certificate_that_cannot_be_had_now_is_503_and_is_not_replayed_unchecked(
        self, post_sns, amazon, topic
    ):
        amazon.at["/signing.pem"] = Reply(500)
        status, headers, _ = post_sns(amazon.message("x"))
        assert (status, headers["Retry-After"]) == (503, "5")
        row = RawDelivery.objects.get()
        assert (row.verdict, "cannot be fetched now" in row.error) == ("refused", True)
        assert not row.replayable

    def test_a_database_that_is_away_is_503(self, post_sns, amazon, topic, monkeypatch):
        def gone(*args, **kwargs):
            raise OperationalError("gone")

        monkeypatch.setattr("alerts.formats.aws.sns.is_allowed", gone)
        assert post_sns(amazon.message("x"))[0] == 503

    def test_a_sender_over_its_limit_is_told_503_so_that_it_comes_again(self, client, amazon, db):
        made, text = make_key("alerts:write", short=True, rate_limit=1)
        SnsTopic.objects.create(key=made, topic_arn=TOPIC)
        answers = [
            client.post(f"/hooks/sns/{text}", amazon.message("x"), content_type="text/plain")
            for _ in range(3)
        ]
        assert {reply.status_code for reply in answers} <= {400, 503}
        assert answers[-1].status_code == 503
        assert int(answers[-1].headers["Retry-After"]) >= 1

    def test_raw_message_delivery_is_refused_by_name(self, post_sns, amazon, topic):
        status, _, answer = post_sns(
            {"AlarmName": "x", "NewStateValue": "ALARM"}, X_AMZ_SNS_RAWDELIVERY="true"
        )
        assert status == 403
        assert "not signed" in answer["message"]
        assert post_sns(amazon.message("x"), X_AMZ_SNS_RAWDELIVERY="TRUE")[0] == 403

    def test_without_credentials_it_asks_for_a_password_which_may_be_the_key(
        self, post_sns, amazon, topic, sns_key
    ):
        status, headers, _ = post_sns(amazon.message("x"), path="/hooks/sns")
        assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="opsportal"')
        assert post_sns(amazon.message("x"), path="/hooks/sns/nonsense")[0] == 401
        basic = "Basic " + b64encode(f"sns:{sns_key[1]}".encode()).decode()
        assert post_sns(amazon.message("x"), path="/hooks/sns", AUTHORIZATION=basic)[0] == 200

    def test_a_key_without_the_scope_is_403(self, post_sns, amazon, db):
        reader = make_key("alerts:read", short=True)[1]
        assert post_sns(amazon.message("x"), path=f"/hooks/sns/{reader}")[0] == 403

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"{", b"\xff", b"[]", b"7", b"null", b"[" * 99_999, b"{}", b'{"Type":"Nonsense"}',
            b'{"a":' * 2000 + b"1" + b"}" * 2000,
        ],
    )  # fmt: skip
    def test_what_is_no_message_is_400(self, post_sns, topic, body):
        status, _, answer = post_sns(body)
        assert (status, set(answer)) == (400, {"code", "message", "errors"})

    @pytest.mark.parametrize(
        "member",
        ["Type", "MessageId", "TopicArn", "Message", "Timestamp", "SignatureVersion", "Signature",
         "SigningCertURL"],
    )  # fmt: skip
    @pytest.mark.parametrize("value", [None, 7, [], {}, "\0", "x" * 5000, "DELETED"])
    def test_a_member_that_is_missing_or_wrong_is_400_or_403(
        self, post_sns, amazon, topic, member, value
    ):
        message = {**amazon.message("x"), member: value}
        if value == "DELETED":
            del message[member]
        assert post_sns(message)[0] in (400, 403)
        assert not Alert.objects.exists()

    def test_nul_in_a_message_becomes_a_sign_that_can_be_stored(self, post_sns, amazon, topic):
        attributes = {"a\0b": {"Type": "String", "Value": "c\0d"}, "e": 7, "f": {"Value": {}}}
        message = amazon.message("a\0b", Subject="s\0", MessageAttributes=attributes)
        assert post_sns(message)[0] == 200
        alert = Alert.objects.get()
        assert (alert.name, alert.summary) == ("s\ufffd", "a\ufffdb")
        assert alert.labels["a\ufffdb"] == "c\ufffdd"

    def test_neither_tokens_nor_links_that_need_no_other_are_kept(self, post_sns, amazon, topic):
        text = json.dumps({"password": "hush", "deep": json.dumps({"api_key": "hush"})})
        post_sns(amazon.message(text))
        post_sns(amazon.confirmation())
        kept = "".join(RawDelivery.objects.values_list("body", flat=True))
        assert "t0ken" not in kept
        assert "hush" not in kept
        assert "Action=" not in kept
        assert RawDelivery.objects.count() == 2

    def test_a_dead_letter_of_what_was_signed_can_be_replayed(
        self, post_sns, amazon, topic, monkeypatch
    ):
        def broken(*args):
            raise PayloadError("not yet")

        with monkeypatch.context() as patch:
            patch.setattr("alerts.formats.aws.sns._parse_message", broken)
            assert post_sns(amazon.message("It burns"))[0] == 400
        row = RawDelivery.objects.get()
        assert row.verdict == "failed"
        replay_delivery(row, actor=JO, now=datetime.now(UTC))
        assert Alert.objects.get().name == "It burns"


def parsed(message):
    (event,) = SnsFormat().parse(Received(json.dumps(message).encode(), NOW, team_id=3)).events
    return event


class TestText:
    def test_any_text_is_an_alert_by_its_subject_for_a_day(self, amazon):
        event = parsed(amazon.message("One\nTwo", Subject="Backup failed"))
        assert (event.name, event.summary, event.description) == (
            "Backup failed", "One\nTwo", "One\nTwo",
        )  # fmt: skip
        assert event.dedup_key == f"sns|{TOPIC}|Backup failed"
        assert (event.status, event.severity, event.source) == ("firing", "warning", "sns")
        assert (event.region, event.team_id, event.timeout) == ("eu-west-1", 3, timedelta(days=1))
        assert dict(event.labels) == {"topic": "alarms", "account": "123456789012"}

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("One\nTwo", "One"),
            ("\n\n  One  ", "One"),
            ("", TOPIC),
            ("  ", TOPIC),
            ("x" * 400, "x" * 300),
        ],
    )
    def test_without_a_subject_the_first_line_is_its_name(self, amazon, text, name):
        assert parsed(amazon.message(text)).name == name

    @pytest.mark.parametrize(
        "text",
        ["[1,2]", "7", "null", '"text"', "{", '{"a":1}', '{"AlarmName":7}', '{"detail-type":"x"}',
         "{" * 5000, '{"a":' * 3000 + "1" + "}" * 3000, '{"a":1e999}'],
    )  # fmt: skip
    def test_json_that_is_neither_alarm_nor_event_is_text(self, amazon, text):
        assert parsed(amazon.message(text, Subject="s")).description == text

    def test_attributes_are_labels_and_may_say_how_bad_it_is(self, amazon):
        attributes = {
            "severity": {"Type": "String", "Value": "P1"},
            "team": {"Type": "String", "Value": "web"},
            "count": {"Type": "Number", "Value": "7"},
        }
        event = parsed(amazon.message("x", MessageAttributes=attributes))
        assert event.severity == "critical"
        assert (event.labels["team"], event.labels["count"]) == ("web", "7")

    @pytest.mark.parametrize("said", ["awful", "", 7, None, ["high"]])
    def test_a_severity_that_is_none_is_a_warning(self, amazon, said):
        attributes = {"severity": {"Type": "String", "Value": said}}
        assert parsed(amazon.message("x", MessageAttributes=attributes)).severity == "warning"
