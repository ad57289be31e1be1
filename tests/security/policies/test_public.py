"""Which statements are public: the golden matrix, and what else decides it."""

import pytest

from security.policies.exposure import Grant, Unreadable, grants
from security.policies.trust import Accounts, Known

OWN, FRIEND, VENDOR, STRANGER = "123456789012", "210987654321", "333333333333", "999999999999"
ACCOUNTS = Accounts(
    [
        Known(OWN, "managed", org_id="o-ourcompany1"),
        Known(FRIEND, "friendly"),
        Known(VENDOR, "thirdparty", canonical_id="c" * 64, org_id="o-vendororg12"),
    ]
)
ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-ourcompany1"}}
VPCE = "vpce-0123456789abcdef0"


def trust(principal):
    return ACCOUNTS.trust(principal, OWN)


def allow(principal="*", condition=None, **more):
    row = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*",
    }
    if condition is not None:
        row["Condition"] = condition
    return {**row, **more}


def deny(condition=None, **more):
    return allow("*", condition, **{"Effect": "Deny", "Action": "s3:*", **more})


def without(row, *names):
    return {name: value for name, value in row.items() if name not in names}


def classes(*statements):
    found = grants({"Statement": list(statements)}, trust=trust, account_id=OWN)
    assert all(isinstance(one, Grant) for one in found), found
    return [one.trust for one in found]


def only(operator, key, *values):
    return allow(condition={operator: {key: list(values)}})


PUBLIC = {
    "everybody": allow(),
    "everybody, as AWS": allow({"AWS": "*"}),
    "everybody, in a list": allow({"AWS": ["*"]}),
    "everybody but": without(allow(NotPrincipal={"AWS": f"arn:aws:iam::{OWN}:root"}), "Principal"),
    "a role of any account": only("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/x"),
    "true where missing": only("ForAllValues:StringEquals", "aws:SourceVpce", VPCE),
    "if it exists": only("StringEqualsIfExists", "aws:SourceVpce", VPCE),
    "all but a network": only("StringNotEquals", "aws:SourceVpc", "vpc-1"),
    "from anywhere": only("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
    "from anywhere of IPv6": only("IpAddress", "aws:SourceIp", "::/0"),
    "from both halves": only("IpAddress", "aws:SourceIp", "0.0.0.0/1", "128.0.0.0/1"),
    "from a network or anywhere": only("IpAddress", "aws:SourceIp", "203.0.113.0/24", "0.0.0.0/0"),
    "by TLS": only("Bool", "aws:SecureTransport", "true"),
    "by a referer": only("StringLike", "aws:Referer", "https://example.com/*"),
    "any organisation": only("StringLike", "aws:PrincipalOrgID", "o-*"),
    "any user id": only("StringLike", "aws:userId", "AROA*"),
    "with a tag": only("StringEquals", "aws:PrincipalTag/team", "a"),
    "with an external id": only("StringEquals", "sts:ExternalId", "secret"),
    "one value of two": only("StringLike", "aws:PrincipalAccount", OWN, "*"),
    "a function's URL": only("StringEquals", "lambda:FunctionUrlAuthType", "NONE"),
    "a function's URL for AWS": only("StringEquals", "lambda:FunctionUrlAuthType", "AWS_IAM"),
    "any bucket": only("ArnLike", "aws:SourceArn", "arn:aws:s3:::*"),
    "a variable": only("StringEquals", "aws:PrincipalAccount", "${aws:PrincipalTag/a}"),
    "must be there only": only("Null", "aws:PrincipalOrgID", "false"),
    "no network": only("IpAddress", "aws:SourceIp", "office"),
    "private addresses": only("IpAddress", "aws:VpcSourceIp", "10.0.0.0/8"),
    "by way of a service": only("StringEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com"),
    "a provider of any kind": allow({"Federated": "*"}),
}  # fmt: skip
CLOSED = {
    "organisation": (only("StringEquals", "aws:PrincipalOrgID", "o-ourcompany1"), "FRIENDLY"),
    "organisation and role": (
        allow(condition={**ORG, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}),
        "FRIENDLY",
    ),
    "another organisation": (only("StringEquals", "aws:PrincipalOrgID", "o-stranger12"), "UNKNOWN"),
    "a vendor's": (only("StringEquals", "aws:PrincipalOrgID", "o-vendororg12"), "THIRDPARTY"),
    "own organisation": (
        only("StringEquals", "aws:PrincipalOrgID", "${aws:ResourceOrgID}"),
        "FRIENDLY",
    ),
    "unit": (
        only("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-ourcompany1/r-ab12/ou-ab12-1/*"),
        "FRIENDLY",
    ),
    "network": (only("IpAddress", "aws:SourceIp", "203.0.113.0/24"), "NETWORK"),
    "endpoint": (only("StringEquals", "aws:SourceVpce", VPCE), "NETWORK"),
    "if it exists, and it must": (
        allow(
            condition={
                "StringEqualsIfExists": {"aws:SourceVpce": VPCE},
                "Null": {"aws:SourceVpce": "false"},
            }
        ),
        "NETWORK",
    ),
    "SNS by default": (only("StringEquals", "AWS:SourceOwner", OWN), "SAME"),
    "a service": (allow({"Service": "lambda.amazonaws.com"}), "SERVICE"),
    "OIDC without sub": (
        allow({"Federated": f"arn:aws:iam::{OWN}:oidc-provider/gitlab.com"}),
        "SAME",
    ),
    "Cognito": (allow({"Federated": "cognito-identity.amazonaws.com"}), "SERVICE"),
    "canonical user": (allow({"CanonicalUser": "c" * 64}), "THIRDPARTY"),
    "canonical stranger": (allow({"CanonicalUser": "d" * 64}), "UNKNOWN"),
    "user id": (only("StringLike", "aws:userId", "AROAEXAMPLEID12345678:*"), "UNKNOWN"),
    "own root by id": (only("StringEquals", "aws:userId", OWN), "SAME"),
    "KMS caller": (only("StringEquals", "kms:CallerAccount", OWN), "SAME"),
    "access points": (only("StringEquals", "s3:DataAccessPointAccount", OWN), "SAME"),
    "source account": (only("StringEquals", "aws:SourceAccount", STRANGER), "UNKNOWN"),
    "source": (only("ArnLike", "aws:SourceArn", f"arn:aws:sns:*:{FRIEND}:*"), "FRIENDLY"),
    "bucket": (only("ArnLike", "aws:SourceArn", "arn:aws:s3:*:*:a-bucket"), "SERVICE"),
    "one of two strange": (
        only("StringEquals", "aws:PrincipalAccount", OWN, STRANGER),
        "UNKNOWN",
    ),
    "AWS's services": (only("Bool", "aws:PrincipalIsAWSService", "true"), "SERVICE"),
    "account": (allow({"AWS": FRIEND}), "FRIENDLY"),
    "session": (allow({"AWS": f"arn:aws:sts::{VENDOR}:assumed-role/a/b"}), "THIRDPARTY"),
    "stranger of ours": (
        allow({"AWS": f"arn:aws:iam::{STRANGER}:root"}, ORG),
        "FRIENDLY",
    ),
    "gone": (allow({"AWS": "AROAEXAMPLEID12345678"}), "DANGLING"),
    "origin access identity": (
        allow({"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}),
        "SERVICE",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_it_is_public(name):
    assert classes(PUBLIC[name]) == ["PUBLIC"]


@pytest.mark.parametrize("name", CLOSED)
def test_it_is_not_public_and_known_for_what_it_is(name):
    statement, expected = CLOSED[name]
    assert classes(statement) == [expected]


def test_a_denial_lets_nobody_in():
    assert classes(deny()) == []


REMOVED = {
    "of everything": deny(),
    "of the action": deny(Action="s3:getobject"),
    "of what is larger": deny(Resource="*"),
    "of all but": without(deny(NotAction=["s3:PutObject"]), "Action"),
    "of other resources than": without(deny(NotResource="arn:aws:s3:::c/*"), "Resource"),
}


@pytest.mark.parametrize(
    "name", ["of everything", "of the action", "of what is larger", "of all but"]
)
def test_a_denial_takes_the_grant_off(name):
    assert classes(allow(), REMOVED[name]) == []


NARROWED = {
    "organisation": (
        deny({"StringNotEquals": {"aws:PrincipalOrgID": "o-ourcompany1"}}),
        "FRIENDLY",
    ),
    "if exists": (deny({"StringNotEqualsIfExists": {"aws:SourceVpce": VPCE}}), "NETWORK"),
    "or a service": (
        deny(
            {
                "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-ourcompany1"},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            }
        ),
        "SERVICE",
    ),
    "or by way of a service": (
        deny(
            {
                "StringNotEquals": {"aws:PrincipalOrgID": "o-ourcompany1"},
                "Bool": {"aws:ViaAWSService": "false"},
            }
        ),
        "PUBLIC",
    ),
    "only of some": (deny({"ForAnyValue:StringNotEquals": {"aws:SourceVpce": VPCE}}), "PUBLIC"),
    "all but a friend": (
        without(deny(NotPrincipal={"AWS": f"arn:aws:iam::{FRIEND}:root"}), "Principal"),
        "FRIENDLY",
    ),
    "without TLS": (deny({"Bool": {"aws:SecureTransport": "false"}}), "PUBLIC"),
    "somebody": (deny(Principal={"AWS": STRANGER}), "PUBLIC"),
    "other resources": (deny(Resource="arn:aws:s3:::b/private/*"), "PUBLIC"),
    "other actions": (deny(Action="s3:PutObject"), "PUBLIC"),
    "other than these": (REMOVED["of other resources than"], "PUBLIC"),
}


@pytest.mark.parametrize("name", NARROWED)
def test_a_denial_leaves(name):
    statement, expected = NARROWED[name]
    assert classes(allow(), statement) == [expected]


def test_a_denial_of_some_actions_leaves_the_others():
    wide = allow(Action=["s3:GetObject", "s3:PutObject"])
    found = grants({"Statement": [wide, deny(Action="s3:Put*")]}, trust=trust)
    assert [one.actions for one in found] == [("s3:getobject",)]
    some = deny({"StringNotEquals": {"aws:SourceVpce": VPCE}}, Action="s3:Put*")
    found = grants({"Statement": [wide, some]}, trust=trust)
    assert sorted((one.actions, one.trust) for one in found) == [
        (("s3:getobject",), "PUBLIC"),
        (("s3:putobject",), "NETWORK"),
    ]


def test_who_is_denied_as_an_account_is_denied_with_all_who_are_in_it():
    session = allow({"AWS": f"arn:aws:sts::{STRANGER}:assumed-role/a/b"})
    assert classes(session, deny(Principal={"AWS": STRANGER})) == []
    assert classes(session, deny(Principal={"AWS": FRIEND})) == ["UNKNOWN"]


UNREADABLE = {
    "no JSON": "{",
    "a list": [allow()],
    "statements that are a number": {"Statement": 1},
    "a statement that is a text": {"Statement": ["Allow"]},
    "neither": {"Statement": [allow(Effect="Permit")]},
    "no principal": {"Statement": [without(allow(), "Principal")]},
    "both principals": {"Statement": [allow(NotPrincipal="*")]},
    "a principal that is a name": {"Statement": [allow("alice")]},
    "a principal of no kind": {"Statement": [allow({"GCP": "x"})]},
    "no principals": {"Statement": [allow({"AWS": []})]},
    "no action": {"Statement": [without(allow(), "Action")]},
    "both actions": {"Statement": [allow(NotAction="*")]},
    "a condition that is a text": {"Statement": [allow(condition="x")]},
    "a condition of texts": {"Statement": [allow(condition={"StringEquals": "x"})]},
    "an element of no name": {"Statement": [allow(Principle="*")]},
    "too deep": '{"Statement":' + "[" * 100_000 + "]" * 100_000 + "}",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_never_passes_for_closed(name):
    found = grants(UNREADABLE[name], trust=trust)
    assert found
    assert all(isinstance(one, Unreadable) for one in found)


def test_no_policy_lets_nobody_in():
    assert grants(None, trust=trust) == grants("", trust=trust) == []


def test_a_statement_that_cannot_be_read_does_not_hide_the_others():
    found = grants({"Statement": [{"Effect": 1}, allow(Sid="open")]}, trust=trust)
    assert [one.statement for one in found if isinstance(one, Grant)] == ["open"]
    assert len(found) == 2
