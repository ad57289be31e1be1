"""What Amazon's cloud says changed: calls that CloudTrail saw, and deployments."""

import json
from copy import deepcopy
from datetime import UTC, datetime

import pytest

from chronos.formats.eventbridge import CloudTrailFormat
from chronos.models import ChangeEvent
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key
from tests.alerts.posting import fixture, post
from tests.chronos.rubbish import BROKEN, store_rubbish

DOOR, NOW = "/hooks/cloudtrail", utc_now().replace(microsecond=0)
PERSON = {
    "type": "AssumedRole",
    "arn": "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0a1b/ann@example.org",
    "sessionContext": {"sessionIssuer": {"userName": "AWSReservedSSO_Admin_0a1b"}},
}
ROLE = {
    "type": "AssumedRole",
    "arn": "arn:aws:sts::123456789012:assumed-role/deployer/i-0abc",
    "sessionContext": {"sessionIssuer": {"userName": "deployer"}},
}


def load(name):
    return json.loads(fixture(f"aws_changes/{name}.json"))


def call(**detail):
    event = deepcopy(load("cloudtrail"))
    event["detail"] |= detail
    return event


def parse(event):
    return CloudTrailFormat().parse(Received(json.dumps(event).encode(), NOW))


def change_of(event):
    (change,) = parse(event).changes
    return change


def test_a_call_says_who_did_what_to_what_and_where():
    change = change_of(load("cloudtrail"))
    assert change.title == "s3 PutObject username-sfn-tutorial by username"
    assert change.external_id == "cdc4b7ed-e171-4cef-975a-ad829d4123e8"
    assert (change.actor, change.actor_type, change.region) == ("username", "user", "us-east-2")
    assert change.started_at == datetime(2018, 9, 12, 0, 25, 10, tzinfo=UTC)
    assert change.links[0]["href"].endswith(f"#/events/{change.external_id}")
    assert change.labels["account"] == "123456789012"


@pytest.mark.parametrize(
    ("identity", "actor", "kind"),
    [
        (PERSON, "ann@example.org", "user"),
        (ROLE, "deployer/i-0abc", "automation"),
        ({"type": "Root", "accountId": "123456789012"}, "root of 123456789012", "user"),
        ({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"},
         "autoscaling.amazonaws.com", "automation"),
        ({"type": "IdentityCenterUser", "principalId": "u-1"}, "u-1", "user"),
        ({}, "AWS", ""),
    ],
    ids=["person", "role", "root", "service", "identity-center", "none"],
)  # fmt: skip
def test_who_it_was(identity, actor, kind):
    change = change_of(call(userIdentity=identity))
    assert (change.actor, change.actor_type) == (actor, kind)


@pytest.mark.parametrize(
    ("source", "name", "kind"),
    [
        ("iam.amazonaws.com", "AttachRolePolicy", "security"),
        ("ec2.amazonaws.com", "AuthorizeSecurityGroupIngress", "security"),
        ("ec2.amazonaws.com", "RunInstances", "infra"),
        ("ec2.amazonaws.com", "RebootInstances", "restart"),
        ("s3.amazonaws.com", "PutBucketPolicy", "security"),
        ("s3.amazonaws.com", "PutBucketTagging", "config"),
        ("ssm.amazonaws.com", "PutParameter", "config"),
        ("acm.amazonaws.com", "ImportCertificate", "certificate"),
        ("signin.amazonaws.com", "ConsoleLogin", "access"),
        ("autoscaling.amazonaws.com", "SetDesiredCapacity", "scale"),
        ("lambda.amazonaws.com", "UpdateFunctionCode20150331v2", "deployment"),
        ("something.amazonaws.com", "CreateThing", "infra"),
    ],
)
def test_kinds(source, name, kind):
    assert change_of(call(eventSource=source, eventName=name)).kind == kind


@pytest.mark.parametrize(
    "detail",
    [
        {"readOnly": True},
        {"errorCode": "AccessDenied"},
        {"errorCode": "Client.UnauthorizedOperation"},
        {"errorCode": "AccessDeniedException"},
    ],
)
def test_what_reads_only_or_was_not_allowed_is_dropped_with_a_note(detail):
    parsed = parse(call(**detail))
    assert (parsed.changes, parsed.note.startswith("PutObject")) == ((), True)


def test_what_failed_has_failed():
    change = change_of(call(errorCode="ThrottlingException", errorMessage="slow down"))
    assert (change.status, change.body) == ("failed", "ThrottlingException: slow down")


def test_secrets_in_parameters_are_not_kept():
    change = change_of(call(requestParameters={"userName": "ann", "password": "hunter2"}))
    assert "hunter2" not in str(change)
    assert change.subject == "s3 ann"


@pytest.mark.parametrize(
    ("name", "service", "environment", "status"),
    [
        ("codedeploy", "myApplication", "myDeploymentGroup", "succeeded"),
        ("codepipeline", "myPipeline", "", "started"),
        ("ecs", "servicetest", "default", "started"),
    ],
)
def test_deployments(name, service, environment, status):
    change = change_of(load(name))
    assert (change.kind, change.status) == ("deployment", status)
    assert (change.service, change.environment) == (service, environment)
    assert (change.actor_type, bool(change.region)) == ("automation", True)


def test_an_ecs_deployment_folds_and_a_rollback_is_one(db):
    _, text = make_key("events:write", short=True)
    done = load("ecs") | {"id": "2"}
    done["detail"] = done["detail"] | {
        "eventName": "SERVICE_DEPLOYMENT_COMPLETED", "updatedAt": "2020-05-23T11:15:11Z",
    }  # fmt: skip
    for event in (load("ecs"), load("ecs"), done):
        assert post(f"{DOOR}/{text}", event)[0] == 200
    event = ChangeEvent.objects.get()
    assert (event.status, event.reports) == ("succeeded", 2)
    assert (event.ended_at - event.started_at).seconds == 240
    back = load("ecs")
    back["detail"]["reason"] = "ECS deployment circuit breaker: rolling back to deploymentId."
    assert change_of(back).kind == "rollback"


def test_what_is_no_change_says_where_it_belongs():
    alarm = json.loads(fixture("sns/event-alarm-metric.json"))
    parsed = parse(alarm)
    assert (parsed.changes, "/hooks/eventbridge" in parsed.note) == ((), True)


def test_nobody_else_speaks_for_amazon():
    assert parse(load("cloudtrail") | {"source": "com.example"}).changes == ()


@pytest.mark.parametrize("wrong", [{}, {"detail-type": 1, "source": "aws.s3"}, call(eventID=None)])
def test_what_is_none_of_its_events_is_refused(wrong):
    with pytest.raises(PayloadError):
        parse(wrong)


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_json_object_is_refused(body):
    with pytest.raises(PayloadError):
        CloudTrailFormat().parse(Received(body, NOW))


@pytest.mark.parametrize("name", ["cloudtrail", "codedeploy", "codepipeline", "ecs"])
def test_rubbish_in_any_field_is_stored_or_refused(db, name):
    stored, refused = store_rubbish(DOOR, load(name), NOW)
    assert stored > refused
