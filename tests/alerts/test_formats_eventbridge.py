"""Events of EventBridge: through SNS and from an API destination."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from alerts.formats.aws.eventbridge import EventBridgeFormat
from alerts.formats.aws.sns import SnsFormat
from alerts.models import Alert, IdempotentReply, RawDelivery
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from tests.accounts.people import make_key
from tests.alerts.amazon import fixture
from tests.alerts.makers import NOW

DOOR = "/hooks/eventbridge"


def parse(event):
    return EventBridgeFormat().parse(Received(json.dumps(event).encode(), NOW, team_id=3))


def parsed(event):
    (found,) = parse(event).events
    return found


def changed(event, **members):
    return {**event, "detail": {**event["detail"], **members}}


def test_an_alarm_is_the_same_alert_whichever_way_it_comes():
    event = parsed(fixture("event-alarm-metric"))
    assert (event.name, event.status, event.severity) == ("ServerCpuTooHigh", "firing", "high")
    assert event.description == "Goes into alarm when server CPU utilization is too high!"
    assert (event.resource, event.value) == ("i-12345678901234567", 99.50160229693434)
    assert event.starts_at == datetime(2019, 10, 2, 17, 4, 40, 989000, UTC)
    assert (event.labels["metric"], event.labels["namespace"]) == ("CPUUtilization", "AWS/EC2")
    assert event.labels["suppressed_by"].endswith("alarm-mute-rule:testMute")
    assert (event.region, event.team_id) == ("us-east-1", 3)
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:ServerCpuTooHigh"
    assert event.dedup_key == arn
    message = {"AlarmName": "ServerCpuTooHigh", "NewStateValue": "OK", "AlarmArn": arn}
    envelope = fixture("notification-v1") | {"Message": json.dumps(message)}
    (end,) = SnsFormat().parse(Received(json.dumps(envelope).encode(), NOW)).events
    assert (end.dedup_key, end.status) == (event.dedup_key, "resolved")


def test_an_alarm_of_metric_maths():
    event = parsed(fixture("event-alarm-maths"))
    assert event.annotations["expression"] == "SUM(METRICS())"
    assert (event.resource, event.value) == ("i-12345678901234567", 45628.0)
    assert "metric" not in event.labels


def test_a_composite_alarm():
    event = parsed(fixture("event-alarm-composite"))
    rule = "ALARM(ServerCpuTooHigh) OR ALARM(TotalNetworkTrafficTooHigh)"
    assert event.annotations["alarm_rule"] == rule
    assert event.annotations["triggered_by"].endswith("alarm:ServerCpuTooHigh")
    assert event.labels["suppressed_by"] == "WaitPeriod"


def test_a_contributor_is_an_alert_of_its_own():
    event = parsed(fixture("event-alarm-contributor"))
    assert event.dedup_key.endswith("alarm:DynamoDBInsightsAlarm|6d442278dba546f6")
    assert (event.resource, event.value) == ("example-dynamodb-table-name", 0.0)


def test_tags_of_an_alarm():
    event = parsed(changed(fixture("event-alarm-metric"), alarmTags={"severity": "critical"}))
    assert (event.severity, event.labels["severity"]) == ("critical", "critical")


def test_an_alarm_that_is_deleted_is_over_and_one_that_is_edited_says_nothing():
    event = parsed(fixture("event-alarm-deleted"))
    assert (event.status, event.name) == ("resolved", "TotalNetworkTrafficTooHigh")
    assert event.dedup_key == parsed(fixture("event-alarm-maths")).dedup_key
    edited = parse(changed(fixture("event-alarm-deleted"), operation="update"))
    assert (list(edited.events), edited.note) == (
        [],
        "The alarm itself was changed, not its state.",
    )


@pytest.mark.parametrize(
    ("state", "status", "timeout"),
    [
        ("stopping", "firing", None),
        ("stopped", "firing", None),
        ("shutting-down", "firing", timedelta(days=1)),
        ("terminated", "firing", timedelta(days=1)),
        ("running", "resolved", None),
    ],
)
def test_an_instance_that_does_not_run_fires_until_it_does(state, status, timeout):
    event = parsed(changed(fixture("event-instance"), state=state))
    assert (event.status, event.timeout, event.severity) == (status, timeout, "warning")
    assert (event.resource, event.summary) == ("i-abcd1111", f"i-abcd1111 is {state}")
    assert event.dedup_key == parsed(fixture("event-instance")).dedup_key


def test_an_instance_that_is_about_to_run_says_nothing():
    found = parse(changed(fixture("event-instance"), state="pending"))
    assert (list(found.events), found.note) == ([], "The instance is about to run.")


def test_a_health_event():
    event = parsed(fixture("event-health"))
    assert event.name == "AWS_ELASTICLOADBALANCING_OPERATIONAL_ISSUE"
    assert (event.status, event.severity, event.source) == ("firing", "high", "aws.health")
    assert event.summary == "A description of the event will be provided here"
    assert event.starts_at == datetime(2016, 6, 4, 5, 1, 10, tzinfo=UTC)
    assert event.labels["aws_service"] == "ELASTICLOADBALANCING"
    assert event.region == "ap-southeast-2"


@pytest.mark.parametrize("member", ["statusCode", "eventStatusCode"])
def test_a_health_event_that_is_closed_is_over(member):
    detail = {"statusCode": None, member: "closed"}
    event = parsed(changed(fixture("event-health"), **detail))
    assert (event.status, event.dedup_key) == (
        "resolved",
        parsed(fixture("event-health")).dedup_key,
    )
    assert event.ends_at == datetime(2016, 6, 4, 5, 30, 57, tzinfo=UTC)
    assert parsed(changed(fixture("event-health"), statusCode="upcoming")).status == "firing"


@pytest.mark.parametrize(
    ("category", "severity"),
    [
        ("issue", "high"), ("investigation", "warning"), ("scheduledChange", "warning"),
        ("accountNotification", "info"), ("new", "info"), (None, "info"),
    ],
)  # fmt: skip
def test_how_bad_a_health_event_is_says_its_category(category, severity):
    event = changed(fixture("event-health"), eventTypeCategory=category)
    assert parsed(event).severity == severity


def test_a_health_event_is_one_alert_of_each_account():
    base = fixture("event-health")
    again = {**changed(base, page="2", statusCode="open"), "region": "us-west-2", "id": "other"}
    other = changed(base, affectedAccount="210987654321")
    assert parsed(again).dedup_key == parsed(base).dedup_key != parsed(other).dedup_key


def test_a_guardduty_finding():
    event = parsed(fixture("event-guardduty"))
    assert event.name == "Recon:EC2/PortProbeUnprotectedPort"
    assert (event.severity, event.value, event.resource) == ("high", 8.0, "i-99999999")
    assert event.summary == "Unprotected port on EC2 instance i-99999999 is being probed."
    assert event.links[0].href.endswith("fId=16afba5c5c43e07c9e3e5e2e544e95df")
    archived = parsed(changed(fixture("event-guardduty"), service={"archived": True}))
    assert (archived.status, archived.dedup_key) == ("resolved", event.dedup_key)


@pytest.mark.parametrize(
    ("score", "severity"),
    [(1.0, "low"), (3.9, "low"), (4, "warning"), (6.9, "warning"), (7, "high"), (8.9, "high"),
     (9, "critical"), (10.0, "critical"), ("8", "warning"), (None, "warning"),
     (10**400, "warning")],
)  # fmt: skip
def test_how_bad_a_finding_is_says_its_number(score, severity):
    assert parsed(changed(fixture("event-guardduty"), severity=score)).severity == severity


OTHER = {
    "version": "0", "id": "1", "detail-type": "ECS Task State Change", "source": "aws.ecs",
    "account": "123456789012", "region": "us-east-1", "time": "2026-03-01T11:00:00Z",
    "resources": ["arn:b", "arn:a"], "detail": {"lastStatus": "STOPPED"},
}  # fmt: skip


def test_any_other_event_is_an_alert_by_its_name_for_a_day():
    event = parsed(OTHER)
    assert (event.name, event.source) == ("ECS Task State Change", "aws.ecs")
    assert (event.status, event.severity) == ("firing", "warning")
    assert event.timeout == timedelta(days=1)
    assert event.annotations["resources"] == "arn:b, arn:a"
    assert (event.labels["detail_type"], event.labels["account"]) == (
        "ECS Task State Change",
        "123456789012",
    )
    assert event.starts_at == datetime(2026, 3, 1, 11, tzinfo=UTC)


def test_it_is_the_same_for_the_same_resources_in_whatever_order():
    key = parsed(OTHER).dedup_key
    assert parsed({**OTHER, "resources": ["arn:a", "arn:b"], "id": "2"}).dedup_key == key
    for other in ({"resources": ["arn:a"]}, {"source": "aws.eks"}, {"account": "2"}):
        assert parsed({**OTHER, **other}).dedup_key != key


def test_an_applications_own_event_says_how_bad_it_is():
    detail = {"severity": "Critical", "message": "the disk is full"}
    event = parsed({**OTHER, "source": "my.app", "detail": detail})
    assert (event.severity, event.summary) == ("critical", "the disk is full")


@pytest.mark.parametrize("source", ["my.app", "aws.ec2"])
def test_only_the_service_itself_ends_its_alarms(source):
    event = fixture("event-alarm-deleted") | {"source": source}
    found = parsed(event)
    assert (found.status, found.dedup_key.startswith("eventbridge|")) == ("firing", True)


@pytest.mark.parametrize("name", [
    "event-alarm-metric", "event-alarm-composite", "event-alarm-deleted", "event-instance",
    "event-health", "event-guardduty",
])  # fmt: skip
def test_members_of_wrong_types_are_as_good_as_absent(name):
    base = fixture(name)
    for value in (None, 7, "x", [], {}, [[7]], "\0", 10**400, "9" * 9000):
        for member in base:
            if member not in ("detail-type", "source", "detail"):
                assert len(parse({**base, member: value}).events) == 1
        for member in base["detail"]:
            if (member == "state" and "alarm" in name) or member == "alarmName":
                continue  # what an alarm has to say
            found = parse(changed(base, **{member: value}))
            assert "\0" not in repr(found.events)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"[{}]", b"7", b"{}", b"\xff", b"{", b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b'{"detail-type":7,"source":"a","detail":{}}', b'{"detail-type":"a","source":"a"}',
        b'{"detail-type":"a","source":"a","detail":[]}',
    ],
)  # fmt: skip
def test_what_is_no_event_is_told(body):
    with pytest.raises(PayloadError):
        EventBridgeFormat().parse(Received(body, NOW))


def test_an_api_destination_sends_with_the_key_in_a_header(client, db):
    text = make_key("alerts:write")[1]
    event = fixture("event-alarm-metric")

    def post(headers):
        return client.post(DOOR, event, content_type="application/json", headers=headers)

    assert post({}).status_code == 401
    assert post({"X-API-Key": "nonsense"}).status_code == 401
    reader = make_key("alerts:read")[1]
    assert post({"X-API-Key": reader}).status_code == 403
    first = post({"X-API-Key": text})
    assert (first.status_code, first.json()["results"][0]["outcome"]) == (200, "opened")
    again = post({"X-API-Key": text})  # as after an answer that was lost
    assert again.json() == first.json()
    assert (Alert.objects.get().repeat_count, IdempotentReply.objects.count()) == (0, 1)
    assert RawDelivery.objects.get().verdict == "stored"


def test_an_event_through_sns(post_sns, amazon, topic):
    assert post_sns(amazon.message(fixture("event-health")))[0] == 200
    closed = changed(fixture("event-health"), statusCode="closed")
    assert post_sns(amazon.message(closed))[0] == 200
    assert Alert.objects.get().status == "resolved"
    pending = changed(fixture("event-instance"), state="pending")
    assert post_sns(amazon.message(pending))[2]["note"] == "The instance is about to run."
