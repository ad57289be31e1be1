"""Records and messages as they come, also forged and broken ones."""

import gzip
import json
from datetime import timedelta

import pytest

from opsportal.lib.errors import PayloadError
from security.activity.call import Reading, read_record, tool_of
from security.activity.message import MOST_FILE, read_file, read_message
from security.activity.targets import targets_of
from security.collectors import collectors
from tests.alerts.moto import ACCOUNT
from tests.security.collecting import GROUPS, NOW
from tests.security.trail import CI, event, in_topic, log_file, opened, record


def read(told, now=NOW):
    return read_record(told, now=now)


def test_a_session_of_a_role_is_told_by_role_and_session():
    call = read({**opened("sg-1"), "userIdentity": CI})
    assert (call.actor, call.session_name) == ("deployer/ci-4821", "ci-4821")
    assert call.principal_arn == f"arn:aws:iam::{ACCOUNT}:role/deployer"


def test_services_of_aws_are_told_as_such():
    identity = {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}
    call = read({**opened("sg-1"), "userIdentity": identity})
    assert (call.actor, call.principal_type) == ("autoscaling.amazonaws.com", "AWSService")


@pytest.mark.parametrize(
    ("agent", "tool"),
    [
        ("APN/1.0 HashiCorp/1.0 Terraform/1.9.0 (+https://www.terraform.io)", "terraform"),
        ("console.amazonaws.com", "console"),
        ("[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12]", "console"),
        ("aws-cli/2.15.0 Python/3.11", "aws-cli"),
        ("Boto3/1.34.0 md/Botocore#1.34.0", "boto3"),
        ("cloudformation.amazonaws.com", "cloudformation"),
        ("AWS Internal", "aws"),
        ("curl/8", ""),
    ],
)
def test_what_called_is_told_by_its_user_agent(agent, tool):
    assert tool_of(agent) == tool
    assert tool_of(agent, from_console=True) == "console"


def test_what_only_reads_and_what_is_of_data_only_proves_that_the_trail_is_heard():
    for told in (record("DescribeX", readOnly=True), record("PutObject", eventCategory="Data")):
        assert read(told) == Reading(ACCOUNT)


@pytest.mark.parametrize(
    "change",
    [
        {"eventID": None},
        {"eventID": "x"},
        {"eventID": "../../etc/passwd"},
        {"eventID": ["a"]},
        {"eventID": "a" * 65},
        {"eventName": ""},
        {"eventName": {"a": 1}},
        {"eventTime": "yesterday"},
        {"eventTime": 10**400},
        {"recipientAccountId": None},
        {"recipientAccountId": "12345678901a"},
        {"recipientAccountId": ACCOUNT + "\n"},
    ],
)
def test_what_is_no_record_is_refused(change):
    with pytest.raises(PayloadError):
        read({**opened("sg-1"), **change})


def deep(levels):
    found = {}
    for _ in range(levels):
        found = {"a": found}
    return found


@pytest.mark.parametrize(
    "change",
    [
        {"userIdentity": "root"},
        {"userIdentity": {"sessionContext": {"attributes": {"mfaAuthenticated": 7}}}},
        {"requestParameters": [1, 2]},
        {"requestParameters": {"groupId": {"items": []}}},
        {"requestParameters": {"groupId": "sg\0-1"}},
        {"requestParameters": {"x": "y" * 100_000}},
        {"userAgent": 7, "sourceIPAddress": None, "awsRegion": []},
        {"userAgent": "a\0b" * 1000},
        {"errorCode": {"a": 1}},
    ],
)
def test_a_record_with_strange_members_is_read_as_far_as_it_goes(change):
    call = read({**opened("sg-1"), **change})
    assert "\0" not in json.dumps(dict(call.request)).replace("\\u0000", "\0")
    assert len(json.dumps(dict(call.request))) < 20_000


def test_deep_nesting_is_refused():
    with pytest.raises(PayloadError):
        read({**opened("sg-1"), "requestParameters": deep(500)})


def test_a_clock_far_ahead_is_not_believed():
    assert read(opened("sg-1", at=NOW + timedelta(days=400))).at == NOW


def test_secrets_of_a_request_are_not_kept():
    call = read(record("CreateLoginProfile", {"userName": "x", "password": "hunter2"}))
    assert "hunter2" not in str(call.request)


def test_a_call_names_its_resources_as_the_collectors_say():
    assert targets_of(read(opened("sg-1"))) == [(GROUPS, "sg-1")]
    unnamed = record("CreateSecurityGroup", {"groupName": "x"}, responseElements=None)
    assert targets_of(read(unnamed)) == [(GROUPS, "")]
    assert targets_of(read(record("RunSomething"))) == []


def test_who_renames_is_about_both_names_and_who_names_nobody_about_oneself():
    named = record("UpdateUser", {"userName": "bob", "newUserName": "rob"}, source="iam")
    assert ("aws.iam.user", "rob") in targets_of(read(named))
    assert ("aws.iam.user", "bob") in targets_of(read(named))
    oneself = record("ChangePassword", {}, source="iam")
    assert [name for _, name in targets_of(read(oneself))] == ["alice"]


ROOTS = {
    "requestParameters", "responseElements", "resources", "recipientAccountId", "userIdentity",
}  # fmt: skip


def test_every_call_of_every_collector_leads_somewhere():
    for collector in collectors().values():
        assert not collector.calls or collector.event_source
        for call in collector.calls:
            # A call without paths has all of its scope listed anew.
            roots = {path.split(".")[0] for path in call.paths}
            assert roots <= ROOTS, (collector.slug, call.name)


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", "7", '"text"', "{", "\udcff", '{"Records": 7}x', "[" * 100_000,
     '{"detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2"}',
     '{"detail-type": "AWS API Call via CloudTrail", "source": "evil", "detail": {}}'],
)  # fmt: skip
def test_what_is_no_message_is_refused(body):
    with pytest.raises(PayloadError):
        read_message(body, now=NOW)


def test_a_test_event_and_deletions_hold_nothing():
    for message in (
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "trail"},
        {"Records": [{"eventName": "ObjectRemoved:Delete", "s3": {"bucket": {"name": "b"}}}]},
        {"Records": []},
    ):
        contents = read_message(json.dumps(message), now=NOW)
        assert not contents.calls
        assert not contents.files


def test_files_are_named_by_three_kinds_of_messages():
    key = "AWSLogs/1/CloudTrail/a b.json.gz"
    s3 = {"bucket": {"name": "logs"}, "object": {"key": "AWSLogs/1/CloudTrail/a+b.json.gz"}}
    created = {"bucket": {"name": "logs"}, "object": {"key": key}}
    for message in (
        {"Records": [{"eventName": "ObjectCreated:Put", "s3": s3}]},
        {"s3Bucket": "logs", "s3ObjectKey": [key]},
        {"detail-type": "Object Created", "source": "aws.s3", "detail": created},
    ):
        for body in (message, in_topic(message)):
            (file,) = read_message(json.dumps(body), now=NOW).files
            assert (file.bucket, file.key) == ("logs", key)


def test_the_account_of_the_envelope_counts_where_the_record_names_none():
    told = event(opened("sg-1"))
    del told["detail"]["recipientAccountId"]
    (call,) = read_message(json.dumps(told), now=NOW).calls
    assert call.account_id == ACCOUNT


def test_of_a_file_what_is_no_record_is_left_out():
    told = log_file(opened("sg-1"), {"eventID": 7}, opened("sg-2"))
    assert len(list(read_file(told, now=NOW))) == 2


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"no gzip",
        gzip.compress(b"no log", mtime=0),
        log_file(opened("sg-1"))[:-10],
        b"\x1f\x8b" + b"\0" * 50,
        gzip.compress(b'{"Records": {}}', mtime=0),
    ],
)
def test_a_file_that_is_none_is_refused(packed):
    with pytest.raises(PayloadError):
        list(read_file(packed, now=NOW))


def test_a_bomb_is_not_unpacked():
    bomb = gzip.compress(b" " * (MOST_FILE + 1), compresslevel=1)
    assert len(bomb) < 1_000_000
    with pytest.raises(PayloadError, match="unpacks to more"):
        list(read_file(bomb, now=NOW))
