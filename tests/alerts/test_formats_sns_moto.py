"""boto3 publishes to moto, and moto posts to the portal: the shape, and where moto is no Amazon.

moto never asks for a confirmation, signs with a certificate of its own making, and leaves the
subject out of what it signs.
"""

import json

import pytest
from cryptography import x509
from moto.sns.models import sns_backends

from alerts.formats.aws import certificates, signature
from alerts.models import Alert, RawDelivery, SnsTopic
from opsportal.lib.errors import ForbiddenError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key
from tests.alerts.moto import ACCOUNT, REGION


@pytest.fixture
def publish(cloud, live_server, transactional_db, monkeypatch):
    """Publishes to a topic that is subscribed to the portal; whatever moto signs with is right."""
    made, text = make_key("alerts:write", short=True)
    sns = cloud.client("sns")
    arn = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="http", Endpoint=f"{live_server.url}/hooks/sns/{text}")
    SnsTopic.objects.create(key=made, topic_arn=arn)
    served = {}

    def of_moto(url, now):
        # moto's server does not serve it at an address of its own.
        pem = sns_backends[ACCOUNT][REGION]._message_public_keys[url.rpartition("/")[2]]
        served[url] = x509.load_pem_x509_certificate(pem)
        return served[url].public_key()

    monkeypatch.setattr(signature, "signing_key", of_moto)

    def send(message, **more):
        sns.publish(TopicArn=arn, Message=message, **more)
        return served

    return send


def test_a_message_that_boto3_publishes_is_an_alert(publish):
    publish("The backup failed")
    alert = Alert.objects.get()
    assert (alert.name, alert.source, alert.region) == ("The backup failed", "sns", REGION)
    assert SnsTopic.objects.get().state == SnsTopic.State.CONFIRMED
    assert RawDelivery.objects.get().verdict == "stored"


def test_moto_leaves_the_subject_out_of_what_it_signs(publish):
    publish("The backup failed", Subject="Backup")
    row = RawDelivery.objects.get()
    assert (row.verdict, "signature is wrong" in row.error) == ("refused", True)
    assert not Alert.objects.exists()


def test_motos_certificate_leads_to_no_root_that_anybody_trusts(publish):
    ((_, certificate),) = publish("x").items()
    with pytest.raises(ForbiddenError, match="not for SNS"):
        certificates._trusted([certificate], utc_now())


def test_an_alarm_of_cloudwatch_comes_through_its_action(publish, cloud):
    """moto's alarms do not act by themselves, so the test says what CloudWatch would."""
    arn = SnsTopic.objects.get().topic_arn
    watch = cloud.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName="Disk full", Namespace="Disks", MetricName="Used", Period=60, Threshold=90,
        EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", Statistic="Average",
        AlarmActions=[arn], OKActions=[arn],
    )  # fmt: skip
    (alarm,) = watch.describe_alarms()["MetricAlarms"]
    for state in ("ALARM", "OK"):
        publish(_notification(alarm, state))
    found = Alert.objects.get()
    assert (found.name, found.status, found.dedup_key) == (
        "Disk full", "resolved", alarm["AlarmArn"],
    )  # fmt: skip


def _notification(alarm, state):
    return json.dumps(
        {
            "AlarmName": alarm["AlarmName"],
            "AlarmArn": alarm["AlarmArn"],
            "NewStateValue": state,
            "Trigger": {"MetricName": alarm["MetricName"], "Namespace": alarm["Namespace"]},
        }
    )
