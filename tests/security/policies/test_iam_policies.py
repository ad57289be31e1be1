"""What roles and users may do: IAM-08 to IAM-12."""

import pytest

from security.auditors import Issue, Undecided
from security.auditors.iam_policies import (
    Administrator,
    AdministratorOfIam,
    AllBut,
    Escalation,
    PassAnyRole,
)
from security.auditors.iam_rights import GROUP, POLICY, ROLE, USER
from tests.security.auditing import FakeWorld, issues, item, verdicts

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
OURS = "arn:aws:iam::123456789012:policy/ours"
EFF = (Administrator, AdministratorOfIam, Escalation)


def may(action="*", resource="*", effect="Allow", **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def role(*statements, technology=ROLE, **config):
    inline = {"p": policy(*statements)} if statements else {}
    given = {"path": "/", "inline": inline, "attached": [], "boundary": None, **config}
    return item(technology, given, resource_id="r")


def world(policies=(), groups=()):
    return FakeWorld(
        there={
            POLICY: {arn: {"arn": arn, "document": document} for arn, document in policies},
            GROUP: dict(groups),
        }
    )


def found(check, about, around=None):
    return issues(check, about, around or world())


def test_everything_by_a_policy_of_ours_is_worse_than_by_that_of_aws():
    assert found(Administrator, role(may())) == [("all", 10)]
    assert found(Administrator, role(attached=[ADMIN])) == [("AdministratorAccess", 8)]
    assert found(Administrator, role(attached=[OURS]), world([(OURS, policy(may()))])) == [
        ("all", 10)
    ]


EVERYTHING = {
    "a star": [may()],
    "a star of services": [may("*:*")],
    "many stars": [may("**", "***")],
    "two halves": [
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        may(["iam:*"]),
    ],
    "with a denial of a resource": [may(), may("s3:*", "arn:aws:s3:::b", "Deny")],
    "with a denial at times": [
        may(),
        may(effect="Deny", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
    ],
}
LESS = {
    "on one resource": [may("*", "arn:aws:s3:::b/*")],
    "all but iam": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
    "all but a few": [
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        may("iam:Get*"),
    ],
    "all of one": [may("s3:*")],
    "all but what is denied": [may(), may("kms:*", effect="Deny")],
    "all but one that is denied": [may(), may("kms:DeleteKey", effect="Deny")],
    "nothing": [may(), may(effect="Deny")],
    "two lists": [may("s3:*"), may("ec2:*")],
}


@pytest.mark.parametrize("name", EVERYTHING)
def test_it_is_everything(name):
    assert found(Administrator, role(*EVERYTHING[name])) == [("all", 10)]


@pytest.mark.parametrize("name", LESS)
def test_it_is_less_than_everything(name):
    assert found(Administrator, role(*LESS[name])) == []


def test_a_boundary_is_never_widened():
    narrow = (OURS, policy(may("s3:*")))
    bounded = role(may(), boundary=OURS)
    for check in EFF:
        assert found(check, bounded, world([narrow])) == []
    assert found(Administrator, role(boundary=OURS), world([(OURS, policy(may()))])) == []


def test_a_boundary_that_is_not_known_leaves_it_undecided():
    for check in EFF:
        assert found(check, role(may(), boundary=OURS)) == [("", -1)]


def test_a_policy_that_is_not_known_leaves_the_rest_undecided():
    assert found(Administrator, role(may("s3:*"), attached=[OURS])) == [("", -1)]
    assert found(Administrator, role(may(), attached=[OURS])) == [("", -1), ("all", 10)]
    (issue,) = [
        one
        for one in verdicts(Administrator, role(may(), attached=[OURS]), world())
        if isinstance(one, Issue)
    ]
    assert issue.evidence["not_known"] == [OURS]


def test_a_policy_that_cannot_be_read_leaves_it_undecided():
    broken = policy({"Effect": "Allow"})
    assert found(Administrator, role(attached=[OURS]), world([(OURS, broken)])) == [("", -1)]
    for check in (PassAnyRole, AllBut):
        assert found(check, role({"Effect": "Allow"})) == [("", -1)]


def test_users_have_what_their_groups_have():
    group = {"inline": {"all": policy(may())}, "attached": []}
    user = role(technology=USER, groups=["admins"])
    assert found(Administrator, user, world(groups=[("admins", group)])) == [("all", 10)]
    assert found(Administrator, user) == [("", -1)]
    group = {"inline": {}, "attached": [ADMIN]}
    (issue,) = verdicts(Administrator, user, world(groups=[("admins", group)]))
    assert isinstance(issue, Issue)
    assert issue.subject == "AdministratorAccess"
    assert "group admins" in issue.summary


@pytest.mark.parametrize(
    "actions",
    ["iam:*", "IAM:*", ["iam:*", "s3:*"], ["iam:Get*", "iam:*"]],
)
def test_all_of_iam(actions):
    assert found(AdministratorOfIam, role(may(actions))) == [("iam:*", 10)]
    assert found(Administrator, role(may(actions))) == []
    assert found(Escalation, role(may(actions))) == [("iam:*", 9)]


def test_all_of_iam_is_not_said_again_of_who_may_do_everything():
    assert found(AdministratorOfIam, role(may())) == []
    assert found(AdministratorOfIam, role(may("iam:*"), may("iam:Pass*", effect="Deny"))) == []
    assert found(AdministratorOfIam, role(may("iam:Get*"), may("iam:List*"))) == []


WAYS = {
    "iam:CreatePolicyVersion": "iam:CreatePolicyVersion",
    "iam:Attach*": "iam:AttachGroupPolicy iam:AttachRolePolicy iam:AttachUserPolicy",
    "iam:CreateAccessKey": "iam:CreateAccessKey",
    "iam:PassRole": "",
    "ec2:RunInstances": "",
    "iam:PassRole ec2:Run*": "iam:PassRole+ec2:RunInstances",
    "iam:PassRole lambda:CreateFunction": "",
    "iam:PassRole lambda:*": "iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction",
    "iam:PassRole ecs:RunTask": "iam:PassRole+ecs:RunTask",
    "s3:*": "",
}


@pytest.mark.parametrize("actions", WAYS)
def test_rights_that_lead_to_more(actions):
    assert [subject for subject, _ in found(Escalation, role(may(actions.split())))] == WAYS[
        actions
    ].split()


def test_rights_on_all_of_a_kind_lead_to_more_and_those_on_one_do_not():
    keys = "iam:CreateAccessKey"
    assert found(Escalation, role(may(keys, "arn:aws:iam::123456789012:user/*"))) == [(keys, 9)]
    own = "arn:aws:iam::*:user/${aws:username}"
    assert found(Escalation, role(may(keys, own))) == []
    bounded = {"StringEquals": {"iam:PermissionsBoundary": OURS}}
    assert found(Escalation, role(may("iam:PutRolePolicy", Condition=bounded))) == []


def test_a_role_that_may_be_passed_to_one_service_leads_no_further_than_that():
    to = {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    passing = may("iam:PassRole", Condition=to)
    assert found(Escalation, role(passing, may("ec2:RunInstances"))) == []
    assert found(Escalation, role(passing, may("glue:*"))) == [
        ("iam:PassRole+glue:CreateDevEndpoint", 9)
    ]
    assert found(PassAnyRole, role(passing)) == []


@pytest.mark.parametrize("action", ["iam:PassRole", "iam:Pass*", "iam:*", "*"])
def test_any_role_to_any_service(action):
    assert found(PassAnyRole, role(may(action))) == [("inline/p", 7)]
    unless = {"StringNotEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    assert found(PassAnyRole, role(may(action, Condition=unless))) == [("inline/p", 7)]
    assert found(PassAnyRole, role(may(action, "arn:aws:iam::123456789012:role/x"))) == []


def test_what_is_said_by_what_is_not():
    inverted = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    ((subject, score),) = found(AllBut, role(inverted))
    assert (subject[:9], score) == ("inline/p/", 6)
    assert found(AllBut, role({**inverted, "Sid": "renamed"})) == [(subject, 6)]
    assert found(AllBut, role({**inverted, "NotAction": ["sts:*"]})) != [(subject, 6)]
    assert found(AllBut, role({**inverted, "Resource": "arn:aws:s3:::b"})) == []
    assert found(AllBut, role({**inverted, "Effect": "Deny"})) == []
    without = {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b"}
    assert len(found(AllBut, role(without))) == 1


def test_what_is_aws_s_own_is_said_to_be_and_not_hidden():
    own = item(POLICY, {"document": policy(may("iam:*"))}, resource_id=ADMIN)
    (issue,) = verdicts(PassAnyRole, own, world())
    assert isinstance(issue, Issue)
    assert "AWS's own policy" in issue.summary
    linked = role(may("iam:*"), path="/aws-service-role/x.amazonaws.com/")
    (issue,) = verdicts(AdministratorOfIam, linked, world())
    assert isinstance(issue, Issue)
    assert "service-linked role" in issue.summary


def test_facets_that_were_never_read_leave_it_undecided():
    never = item(ROLE, {"path": "/"}, resource_id="r")
    for check in EFF:
        assert all(isinstance(one, Undecided) for one in verdicts(check, never, world()))
        assert verdicts(check, never, world())
