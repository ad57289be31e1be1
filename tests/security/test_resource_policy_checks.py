"""Checks of keys and of what messages and code go through."""

import pytest

from security.auditors.resource_policies import ExposedByPolicy, ExposedKey
from security.policies.canonical import canonical_policy
from tests.security.auditing import ACCOUNT, FakeWorld, issues, item

OTHER = "arn:aws:iam::999988887777:root"
DENIED = {"code": "AccessDenied", "message": "", "action": ""}
NOTHING: dict[str, object] = {"policy": None, "url": None, "aliases": []}


def policy(principal, action="kms:*", **fields):
    row = {
        "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **fields,
    }  # fmt: skip
    return canonical_policy({"Version": "2012-10-17", "Statement": [row]})


def key(unknown=(), document=None, rotation=None, **fields):
    about = {
        "manager": "CUSTOMER", "state": "Enabled", "spec": "SYMMETRIC_DEFAULT",
        "origin": "AWS_KMS", **fields,
    }  # fmt: skip
    config = {
        "key": about,
        "policy": document or policy({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        "rotation": rotation,
    }
    known = {name: value for name, value in config.items() if name not in unknown}
    return item("aws.kms.key", known, unknown=dict.fromkeys(unknown, DENIED))


@pytest.mark.parametrize(
    ("document", "scores"),
    [
        (policy("*"), [10]),
        (policy({"AWS": OTHER}), [8]),
        (policy("*", Condition={"StringEquals": {"kms:CallerAccount": ACCOUNT}}), []),
        (policy({"Service": "logs.amazonaws.com"}), []),
        (policy({"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"}), []),
    ],
)
def test_a_key_is_for_accounts_that_are_known(document, scores):
    assert [score for _, score in issues(ExposedKey, key(document=document))] == scores


def test_accounts_of_ours_and_of_partners_may_use_a_key():
    for trust in ("FRIENDLY", "THIRDPARTY"):
        around = FakeWorld(trusted={OTHER: trust})
        assert issues(ExposedKey, key(document=policy({"AWS": OTHER})), around) == []


def test_rotation_that_is_off_and_a_deletion_that_comes():
    off, on = {"enabled": False}, {"enabled": True}
    assert issues(ExposedKey, key(rotation=off)) == [("rotation", 1)]
    assert issues(ExposedKey, key(rotation=on)) == []
    assert issues(ExposedKey, key(rotation=None)) == []
    assert issues(ExposedKey, key(rotation=off, state="Disabled")) == []
    assert issues(ExposedKey, key(rotation=off, state="PendingDeletion")) == [("deletion", 8)]


def test_what_cannot_be_read_of_a_key_is_undecided():
    assert issues(ExposedKey, key(unknown=["policy"])) == [("", -1)]
    assert issues(ExposedKey, key(unknown=["rotation"])) == [("rotation", -1)]
    assert issues(ExposedKey, key(unknown=["key", "rotation"])) == [
        ("deletion", -1), ("rotation", -1),
    ]  # fmt: skip


TECHNOLOGIES = (
    "aws.sns.topic", "aws.sqs.queue", "aws.ecr.repository", "aws.secretsmanager.secret",
    "aws.lambda.function",
)  # fmt: skip


@pytest.mark.parametrize("technology", TECHNOLOGIES)
@pytest.mark.parametrize(
    ("document", "scores"),
    [
        (policy("*", "x:y"), [10]),
        (policy({"AWS": OTHER}, "x:y"), [8]),
        (policy("*", "x:y", Condition={"StringEquals": {"AWS:SourceOwner": ACCOUNT}}), []),
        (policy({"Service": "s3.amazonaws.com"}, "x:y"), []),
        (None, []),
    ],
)
def test_a_policy_lets_in_accounts_that_are_known(technology, document, scores):
    about = item(technology, {**NOTHING, "policy": document})
    assert [score for _, score in issues(ExposedByPolicy, about)] == scores


def test_a_policy_that_cannot_be_read_is_undecided():
    config = {name: value for name, value in NOTHING.items() if name != "policy"}
    about = item("aws.sqs.queue", config, unknown={"policy": DENIED})
    assert issues(ExposedByPolicy, about) == [("", -1)]


def test_a_url_of_a_function_that_asks_nobody_who_he_is():
    function = "aws.lambda.function"
    url, signed = {"auth": "NONE"}, {"auth": "AWS_IAM"}
    assert issues(ExposedByPolicy, item(function, {**NOTHING, "url": url})) == [("url", 7)]
    assert issues(ExposedByPolicy, item(function, {**NOTHING, "url": signed})) == []
    alias = {"name": "live", "policy": policy("*", "lambda:InvokeFunction"), "url": url}
    found = issues(ExposedByPolicy, item(function, {**NOTHING, "aliases": [alias]}))
    assert found == [
        ("alias live: * may lambda:invokefunction", 10), ("alias live: url", 7),
    ]  # fmt: skip


@pytest.mark.parametrize("facet", ["policy", "url", "aliases"])
def test_what_cannot_be_read_of_a_function_is_undecided(facet):
    config = {name: value for name, value in NOTHING.items() if name != facet}
    about = item("aws.lambda.function", config, unknown={facet: DENIED})
    assert set(issues(ExposedByPolicy, about)) == {("", -1)}
