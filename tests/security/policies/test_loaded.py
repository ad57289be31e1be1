"""Trust by the accounts that are listed, and rights of a cloud's roles and users as they change."""

import json

import pytest

from security.audit import audit_due
from security.audit.world import LoadedWorld
from security.models import CloudAccount, Finding
from tests.alerts.moto import ACCOUNT
from tests.security.collecting import NOW, collect, later, make_account, resource

pytestmark = pytest.mark.django_db(transaction=True)

HARMLESS = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
KINDS = ("aws.iam.policy", "aws.iam.group", "aws.iam.role", "aws.iam.user")


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trusting(who):
    return document({"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"})


def found(name):
    rows = Finding.objects.filter(resource__resource_id=name, status="open")
    return sorted(rows.values_list("check_id", "subject", "score"))


def test_accounts_that_are_listed_are_known(django_assert_num_queries):
    mine = make_account(org_id="o-ourcompany1")
    for number, (name, kind) in enumerate(
        [("friend", "friendly"), ("vendor", "thirdparty")], start=2
    ):
        CloudAccount.objects.create(
            account_id=str(number) * 12, name=name, kind=kind, s3_canonical_id=str(number) * 64
        )
    world = LoadedWorld(mine, "", [], NOW)
    with django_assert_num_queries(1):
        assert {
            who: world.trust(who)
            for who in (ACCOUNT, "2" * 12, "3" * 12, "2" * 64, "3" * 64, "9" * 64, "o-ourcompany1")
        } == {
            ACCOUNT: "SAME",
            "2" * 12: "FRIENDLY",
            "3" * 12: "THIRDPARTY",
            "2" * 64: "FRIENDLY",
            "3" * 64: "THIRDPARTY",
            "9" * 64: "UNKNOWN",
            "o-ourcompany1": "FRIENDLY",
        }
        assert world.trust("arn:aws:iam::222222222222:role/x") == "FRIENDLY"


def test_a_unique_id_is_whose_it_is_until_it_is_gone(cloud, django_assert_num_queries):
    iam = cloud.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}))
    account = make_account()
    collect("aws.iam.role")
    unique = resource("r").unique_id
    world = LoadedWorld(account, "", [], NOW)
    with django_assert_num_queries(2):
        assert [world.trust(unique), world.trust(unique), world.trust("AROAGONE1234567890")] == [
            "SAME",
            "SAME",
            "DANGLING",
        ]
    iam.delete_role(RoleName="r")
    collect("aws.iam.role", now=later(minutes=5))
    collect("aws.iam.role", now=later(minutes=10))
    assert LoadedWorld(account, "", [], NOW).trust(unique) == "DANGLING"


def test_holders_are_judged_anew_when_a_policy_changes_even_by_way_of_a_group(cloud):
    iam = cloud.client("iam")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document(HARMLESS))["Policy"]["Arn"]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}))
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.create_group(GroupName="g")
    iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    for name in ("member", "other"):
        iam.create_user(UserName=name)
    iam.add_user_to_group(GroupName="g", UserName="member")
    make_account()
    collect(*KINDS)
    audit_due(now=later(minutes=1))
    assert found("r") == found("member") == []

    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(EVERYTHING), SetAsDefault=True)
    collect("aws.iam.policy", now=later(minutes=5))
    audit_due(now=later(minutes=6))
    assert ("IAM-08", "all", 10) in found("r")
    assert ("IAM-08", "all", 10) in found("member")
    assert found("other") == []
    assert found(arn) == [("IAM-11", "document", 7)]

    iam.detach_group_policy(GroupName="g", PolicyArn=arn)
    collect("aws.iam.group", now=later(minutes=10))
    audit_due(now=later(minutes=11))
    assert found("member") == []
    assert ("IAM-08", "all", 10) in found("r")


def test_the_trust_of_roles_is_judged_by_the_accounts_that_are_listed(cloud):
    iam = cloud.client("iam")
    stranger = trusting({"AWS": "arn:aws:iam::999999999999:role/x"})
    iam.create_role(RoleName="open", AssumeRolePolicyDocument=trusting("*"))
    iam.create_role(RoleName="strange", AssumeRolePolicyDocument=stranger)
    make_account()
    collect("aws.iam.role")
    assert found("open") == [("IAM-13", "* may sts:assumerole", 10)]
    subject = "arn:aws:iam::999999999999:role/x may sts:assumerole"
    assert found("strange") == [("IAM-14", subject, 8)]
