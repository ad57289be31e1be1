"""Who may assume a role: IAM-13 to IAM-18."""

import pytest

from security.auditors import Auditor
from security.auditors.exposure_issues import exposure_issues
from security.auditors.iam_rights import ROLE
from security.auditors.iam_trust import (
    AnyIdentityTrust,
    ConfusableTrust,
    DanglingPrincipal,
    PublicTrust,
    StrangersTrust,
    WholeAccountTrust,
)
from tests.security.auditing import ACCOUNT, FakeWorld, issues, item

FRIEND, VENDOR, STRANGER = "210987654321", "333333333333", "999999999999"
WORLD = FakeWorld(
    trusted={
        name: found
        for account, found in ((FRIEND, "FRIENDLY"), (VENDOR, "THIRDPARTY"))
        for name in (account, f"arn:aws:iam::{account}:root", f"arn:aws:iam::{account}:role/x")
    }
)
CHECKS: list[type[Auditor]] = [
    PublicTrust,
    StrangersTrust,
    WholeAccountTrust,
    AnyIdentityTrust,
    ConfusableTrust,
    DanglingPrincipal,
]
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"


def trusts(principal, condition=None, action="sts:AssumeRole", **more):
    row = {"Effect": "Allow", "Principal": principal, "Action": action, **more}
    return {**row, "Condition": condition} if condition else row


def root(account):
    return {"AWS": f"arn:aws:iam::{account}:root"}


def judged(*statements, path="/"):
    """Check -> scores, of those that say something."""
    about = item(ROLE, {"path": path, "trust": {"Statement": list(statements)}})
    found = {check.slug: [score for _, score in issues(check, about, WORLD)] for check in CHECKS}
    return {slug: scores for slug, scores in found.items() if scores}


def equals(key, *values, operator="StringEquals"):
    return {operator: {key: list(values)}}


OIDC = "token.actions.githubusercontent.com"
TRUSTS = {
    "anybody": (trusts("*"), {"IAM-13": [10]}),
    "anybody with an external id": (
        trusts("*", equals("sts:ExternalId", "x")),
        {"IAM-13": [10]},
    ),
    "our organisation, which is not listed": (
        trusts("*", equals("aws:PrincipalOrgID", "o-ourcompany1")),
        {"IAM-14": [8]},
    ),
    "ourselves": (trusts(root(ACCOUNT)), {}),
    "a friend's root": (trusts(root(FRIEND)), {"IAM-15": [4]}),
    "a friend's role": (trusts({"AWS": f"arn:aws:iam::{FRIEND}:role/x"}), {}),
    "a friend's root, for a role": (
        trusts(
            root(FRIEND),
            equals("aws:PrincipalArn", f"arn:aws:iam::{FRIEND}:role/x", operator="ArnLike"),
        ),
        {},
    ),
    "a vendor": (trusts(root(VENDOR)), {"IAM-14": [6], "IAM-15": [4]}),
    "a vendor with an external id": (
        trusts(root(VENDOR), equals("sts:ExternalId", "x")),
        {"IAM-15": [4]},
    ),
    "a vendor with any external id": (
        trusts(root(VENDOR), equals("sts:ExternalId", "*", operator="StringLike")),
        {"IAM-14": [6], "IAM-15": [4]},
    ),
    "a vendor with an external id if there is one": (
        trusts(root(VENDOR), equals("sts:ExternalId", "x", operator="StringEqualsIfExists")),
        {"IAM-14": [6], "IAM-15": [4]},
    ),
    "a stranger with an external id": (
        trusts({"AWS": f"arn:aws:iam::{STRANGER}:user/x"}, equals("sts:ExternalId", "x")),
        {"IAM-14": [8]},
    ),
    "gone": (trusts({"AWS": "AROAEXAMPLEID12345678"}), {"IAM-18": [2]}),
    "SAML": (trusts({"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/x"}), {}),
    "a repository": (
        trusts(
            {"Federated": GITHUB}, equals(f"{OIDC}:sub", "repo:org/it:*", operator="StringLike")
        ),
        {},
    ),
    "any repository": (
        trusts({"Federated": GITHUB}, equals(f"{OIDC}:sub", "repo:*", operator="StringLike")),
        {"IAM-16": [10]},
    ),
    "any subject": (
        trusts({"Federated": GITHUB}, equals(f"{OIDC}:sub", "*", operator="StringLike")),
        {"IAM-16": [10]},
    ),
    "an audience only": (
        trusts({"Federated": GITHUB}, equals(f"{OIDC}:aud", "sts.amazonaws.com")),
        {"IAM-16": [10]},
    ),
    "the subject of another": (
        trusts({"Federated": GITHUB}, equals("gitlab.com:sub", "x")),
        {"IAM-16": [10]},
    ),
    "a pool of Cognito": (
        trusts(
            {"Federated": "cognito-identity.amazonaws.com"},
            equals("cognito-identity.amazonaws.com:aud", "eu-west-1:0123"),
        ),
        {},
    ),
    "any pool of Cognito": (
        trusts({"Federated": "cognito-identity.amazonaws.com"}),
        {"IAM-16": [10]},
    ),
    "a scheduler": (trusts({"Service": "scheduler.amazonaws.com"}), {"IAM-17": [3]}),
    "a scheduler for us": (
        trusts({"Service": "scheduler.amazonaws.com"}, equals("aws:SourceAccount", ACCOUNT)),
        {},
    ),
    "a scheduler for anything": (
        trusts(
            {"Service": "scheduler.amazonaws.com"},
            equals("aws:SourceArn", "arn:aws:scheduler:*:*:*", operator="ArnLike"),
        ),
        {"IAM-17": [3]},
    ),
    "instances": (trusts({"Service": "ec2.amazonaws.com"}), {}),
    "who cannot be read": (
        {"Effect": "Allow"},
        {slug: [-1] for slug in sorted(check.slug for check in CHECKS)},
    ),
}


@pytest.mark.parametrize("name", TRUSTS)
def test_trust(name):
    statement, expected = TRUSTS[name]
    assert judged(statement) == expected


def test_an_account_in_its_source_counts_for_a_service_only_where_it_names_one():
    arn = equals("aws:SourceArn", f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:*", operator="ArnLike")
    assert judged(trusts({"Service": "scheduler.amazonaws.com"}, arn)) == {}


def test_the_trust_of_a_service_linked_role_is_nobody_s_to_change():
    statement = trusts({"Service": "scheduler.amazonaws.com"})
    assert judged(statement, path="/aws-service-role/scheduler.amazonaws.com/") == {}


def test_a_denial_is_taken_off():
    denied = {**trusts("*"), "Effect": "Deny"}
    assert judged(trusts(root(STRANGER)), denied) == {}


def subjects(*statements):
    found = exposure_issues({"Statement": list(statements)}, WORLD)
    return sorted(getattr(one, "subject", "") for one in found)


def test_a_subject_survives_other_words_and_not_more_rights():
    one = trusts("*", action=["s3:GetObject", "s3:PutObject"], Resource="arn:aws:s3:::b/*")
    (subject,) = subjects(one)
    assert subject == "* may s3:getobject,s3:putobject on arn:aws:s3:::b/*"
    again = {**one, "Sid": "other", "Action": ["S3:PutObject", "s3:getObject"]}
    assert subjects(again, one) == [subject]
    assert subject not in subjects({**one, "Action": "s3:*"})
    assert subject not in subjects({**one, "Resource": "*"})


def test_long_subjects_are_told_apart():
    names = [f"s3:Action{number}" for number in range(400)]
    (long,) = subjects(trusts("*", action=names, Resource="*"))
    (longer,) = subjects(trusts("*", action=[*names, "s3:Z"], Resource="*"))
    assert long != longer
    assert len(longer) < 1000


def test_resource_policies_are_scored_by_who_is_let_in():
    about = [trusts(who, action="sqs:*", Resource="*") for who in ("*", root(STRANGER))]
    about += [trusts(who, action="sqs:*", Resource="*") for who in (root(VENDOR), root(FRIEND))]
    found = exposure_issues({"Statement": about}, WORLD)
    assert sorted(getattr(one, "score", -1) for one in found) == [2, 8, 10]


def test_a_principal_that_is_no_more_is_found_in_resource_policies_too():
    gone = trusts({"AWS": "AIDAEXAMPLEID12345678"}, action="kms:*", Resource="*")
    about = item("aws.kms.key", {"policy": {"Statement": [gone]}})
    assert issues(DanglingPrincipal, about, WORLD) == [("AIDAEXAMPLEID12345678 may kms:*", 2)]
