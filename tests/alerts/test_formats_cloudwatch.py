"""CloudWatch alarms in SNS messages: metric, metric maths, composite, and what may be missing."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.formats.aws.sns import SnsFormat
from alerts.models import Alert, Transition
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from tests.alerts.amazon import fixture
from tests.alerts.makers import NOW

ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:Disk full"
ALARM = {
    "AlarmName": "Disk full",
    "AlarmArn": ARN,
    "AWSAccountId": "123456789012",
    "NewStateValue": "ALARM",
    "OldStateValue": "OK",
    "StateChangeTime": "2026-03-01T11:58:00.236+0000",
    "Region": "EU (Ireland)",
}


def parsed(alarm, **attributes):
    given = {name: {"Type": "String", "Value": value} for name, value in attributes.items()}
    envelope = fixture("notification-v1") | {
        "Message": json.dumps(alarm),
        "MessageAttributes": given,
    }
    (event,) = SnsFormat().parse(Received(json.dumps(envelope).encode(), NOW, team_id=3)).events
    return event


def test_a_metric_alarm():
    event = parsed(fixture("alarm-metric"))
    assert (event.name, event.status, event.severity) == ("EXAMPLE", "firing", "high")
    assert event.dedup_key == "arn:aws:cloudwatch:REGION:ACCOUNT_NUMBER:alarm:EXAMPLE"
    assert event.summary.startswith("Threshold Crossed: 1 out of the last 1 datapoints")
    assert (event.description, event.source, event.team_id) == ("EXAMPLE", "cloudwatch", 3)
    assert (event.resource, event.value, event.region) == ("TestInstance", 1234.0, "REGION")
    assert event.starts_at == datetime(2015, 6, 3, 17, 43, 27, 123000, UTC)
    assert dict(event.labels) == {
        "account": "123456789012",
        "state": "ALARM",
        "namespace": "AWS/EC2",
        "metric": "NetworkOut",
        "InstanceId": "TestInstance",
    }
    assert event.annotations["previous_state"] == "INSUFFICIENT_DATA"
    assert json.loads(event.payload) == fixture("alarm-metric")


def test_metric_maths():
    event = parsed(fixture("alarm-maths"))
    assert (event.resource, event.value) == ("TestInstance", 1234.0)
    assert (event.labels["metric"], event.labels["namespace"]) == ("NetworkOut", "AWS/EC2")
    assert event.annotations["expression"] == "m1*1"


def test_a_composite_alarm():
    event = parsed(fixture("alarm-composite"))
    assert event.name == "if-sim-app_427809481713_us-east-1-test_node_monitor"
    assert (event.status, event.value, event.resource) == ("firing", None, "")
    assert event.region == "us-east-1"
    assert event.annotations["alarm_rule"].startswith("ALARM(arn:aws:cloudwatch")
    assert event.annotations["triggered_by"].endswith("metric_emitting_node_failure")


def test_a_description_that_is_null_is_none():
    event = parsed(fixture("alarm-null-description"))
    assert (event.description, event.value) == ("", 1.0)
    assert event.resource == ""  # which of two dimensions?
    assert event.labels["RouteID"] == "metric_emitting_node"


def test_an_alarm_that_is_ok_again_ends_what_it_began():
    event = parsed(ALARM | {"NewStateValue": "OK"})
    assert (event.status, event.dedup_key) == ("resolved", parsed(ALARM).dedup_key)
    assert event.ends_at == datetime(2026, 3, 1, 11, 58, 0, 236000, UTC)
    assert event.starts_at is None


def test_missing_data_is_a_warning_and_no_end():
    event = parsed(ALARM | {"NewStateValue": "INSUFFICIENT_DATA"}, severity="critical")
    assert (event.status, event.severity) == ("firing", "warning")
    assert event.labels["state"] == "INSUFFICIENT_DATA"


def test_an_episode_goes_on_through_missing_data(post_sns, amazon, topic):
    states = ["ALARM", "INSUFFICIENT_DATA", "ALARM", "OK", "OK", "INSUFFICIENT_DATA"]
    for state in states:
        assert post_sns(amazon.message(ALARM | {"NewStateValue": state}))[0] == 200
    first, second = Alert.objects.order_by("pk")
    kinds = Transition.objects.filter(alert=first).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["opened", "improved", "worsened", "resolved"]
    assert (second.severity, second.status) == ("warning", "firing")


@pytest.mark.parametrize(
    ("tags", "attributes", "severity"),
    [
        ({}, {}, "high"),
        ({"Severity": "critical"}, {}, "critical"),
        ({"priority": "P4"}, {}, "low"),
        ({"severity": "low"}, {"severity": "critical"}, "low"),
        ({}, {"severity": "sev1"}, "critical"),
        ({"severity": "nonsense"}, {"severity": "low"}, "low"),
        ({"severity": "nonsense"}, {}, "high"),
    ],
)
def test_how_bad_it_is_say_the_alarms_tags_then_the_attributes(tags, attributes, severity):
    listed = [{"Key": name, "Value": value} for name, value in tags.items()]
    for given in (tags, listed):
        assert parsed(ALARM | {"AlarmTags": given}, **attributes).severity == severity


def test_tags_are_labels_behind_what_the_alarm_says_itself():
    tags = {"Service": "billing", "env": "prod", "state": "mine", "team": "web"}
    event = parsed(ALARM | {"AlarmTags": tags})
    assert (event.service, event.environment) == ("billing", "prod")
    assert (event.labels["state"], event.labels["team"]) == ("ALARM", "web")


def test_the_region_is_the_arns_code():
    assert parsed(ALARM).region == "eu-west-1"
    assert parsed(ALARM | {"AlarmArn": None}).region == "EU (Ireland)"


def test_without_an_arn_account_region_and_name_are_the_key():
    event = parsed(ALARM | {"AlarmArn": None})
    assert event.dedup_key == "cloudwatch|123456789012|EU (Ireland)|Disk full|"
    assert event.links == ()


def test_a_key_that_is_too_long_is_hashed_and_stays_its_own():
    long = ARN + "x" * 300
    keys = {parsed(ALARM | {"AlarmArn": long + end}).dedup_key for end in ("a", "b")}
    assert len(keys) == 2
    assert all(len(key) <= 255 for key in keys)


@pytest.mark.parametrize(
    ("partition", "region", "start"),
    [
        ("aws", "eu-west-1", "https://eu-west-1.console.aws.amazon.com/cloudwatch/deeplink.js"),
        ("aws-cn", "cn-north-1", "https://cn-north-1.console.amazonaws.cn/cloudwatch/"),
        ("aws-us-gov", "us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/"),
    ],
)
def test_the_alarms_page_is_a_link(partition, region, start):
    arn = f"arn:{partition}:cloudwatch:{region}:123456789012:alarm:Disk full"
    (link,) = parsed(ALARM | {"AlarmArn": arn}).links
    assert link.href.startswith(start)
    assert link.href.endswith(f"?region={region}#alarmsV2:alarm/Disk%20full")


@pytest.mark.parametrize("region", ["evil.test/", "x@evil.test", "", "\u00e4", "a b"])
def test_a_region_that_is_none_makes_no_link(region):
    assert parsed(ALARM | {"AlarmArn": f"arn:aws:cloudwatch:{region}:1:alarm:x"}).links == ()


@pytest.mark.parametrize(
    ("reason", "data", "value"),
    [
        ("[3.5 (06/03/15 17:43:27), 2.0 (06/03/15 17:42:27)] was", None, 3.5),
        ("[-1.2E-5 (06/03/15 17:43:27)]", None, -1.2e-5),
        ("no data", {"recentDatapoints": [1.0, 2.0]}, 2.0),
        ("no data", {"recentDatapoints": []}, None),
        ("no data", {"recentDatapoints": ["x"]}, None),
        ("[1.0 (x)]", {"evaluatedDatapoints": [
            {"timestamp": "2026-03-01T11:55:00.000+0000", "value": 7.0},
            {"timestamp": "2026-03-01T11:57:00.000+0000", "value": 9.0},
            {"timestamp": "2026-03-01T11:56:00.000+0000"}]}, 9.0),
        ("[.... (x)]", None, None),
        (f"[{'9' * 400} (x)]", None, None),
        ("[9e999 (x)]", None, None),
    ],
)  # fmt: skip
def test_the_value_is_the_newest_data_point(reason, data, value):
    given = {"NewStateReason": reason, "NewStateReasonData": data and json.dumps(data)}
    assert parsed(ALARM | given).value == value


def test_dimensions_that_differ_between_metrics_are_left_out():
    def row(instance, name):
        dimensions = [{"name": "InstanceId", "value": instance}, {"name": "Host", "value": "a"}]
        metric = {"MetricName": name, "Namespace": "AWS/EC2", "Dimensions": dimensions}
        return {"MetricStat": {"Metric": metric}}

    trigger = {"Metrics": [row("i-1", "In"), row("i-2", "Out"), {"Expression": "m1+m2"}]}
    event = parsed(ALARM | {"Trigger": trigger})
    assert ("InstanceId" in event.labels, event.labels["Host"]) == (False, "a")
    assert ("metric" in event.labels, event.labels["namespace"]) == (False, "AWS/EC2")


def test_each_contributor_of_an_alarm_is_an_alert_of_its_own():
    contributors = [
        {"AlarmContributorId": "1", "AlarmContributorAttributes": {"Table": "a"}},
        {"AlarmContributor": {"Id": "2", "Attributes": {"Table": "b"}}},
    ]
    first, second = (parsed(ALARM | given) for given in contributors)
    assert len({parsed(ALARM).dedup_key, first.dedup_key, second.dedup_key}) == 3
    assert (first.labels["Table"], second.resource) == ("a", "b")


@pytest.mark.parametrize("state", ["", "Alarm", "nonsense", None, 7, ["OK"], {}])
def test_a_state_that_no_alarm_has_is_told(state):
    with pytest.raises(PayloadError) as told:
        parsed(ALARM | {"NewStateValue": state})
    assert told.value.errors[0].field == "NewStateValue"


RUBBISH: list[Any] = [
    None,
    7,
    True,
    "x",
    [],
    {},
    [[]],
    [7],
    {"a": {"b": []}},
    "\0",
    1e308,
    "9" * 5000,
]


@pytest.mark.parametrize("value", RUBBISH, ids=range(len(RUBBISH)))
@pytest.mark.parametrize("member", [
    "AlarmArn", "AlarmDescription", "AWSAccountId", "OldStateValue", "NewStateReason",
    "NewStateReasonData", "StateChangeTime", "Region", "Trigger", "AlarmRule", "TriggeringChildren",
    "AlarmTags", "AlarmContributor", "AlarmContributorId", "AlarmContributorAttributes",
])  # fmt: skip
def test_a_member_of_the_wrong_type_is_as_good_as_absent(member, value):
    event = parsed(ALARM | {member: value})
    assert (event.name, event.status) == ("Disk full", "firing")
    assert "\0" not in repr(event)


@pytest.mark.parametrize("value", RUBBISH, ids=range(len(RUBBISH)))
@pytest.mark.parametrize("member", ["MetricName", "Namespace", "Dimensions", "Metrics"])
def test_a_trigger_of_wrong_types_is_read_as_far_as_it_goes(member, value):
    assert parsed(ALARM | {"Trigger": {"MetricName": "m", member: value}}).name == "Disk full"
    metric = {"MetricStat": {"Metric": {member: value}}, "Expression": value}
    assert parsed(ALARM | {"Trigger": {"Metrics": [metric, value]}}).name == "Disk full"


def test_rubbish_in_every_member_is_stored_all_the_same(post_sns, amazon, topic):
    for number, value in enumerate(RUBBISH):
        members = dict.fromkeys(["AlarmArn", "AlarmDescription", "Trigger", "AlarmTags"], value)
        name = f"alarm {number}"
        assert post_sns(amazon.message(ALARM | members | {"AlarmName": name}))[0] == 200
    assert Alert.objects.count() == len(RUBBISH)
