"""Roles, users, groups and policies: one form however they are asked for."""

import json

import pytest

from security.cloud.access import Access
from security.collectors.iam_groups import Groups
from security.collectors.iam_policies import Policies
from security.collectors.iam_roles import Roles
from security.collectors.iam_users import Users
from tests.alerts.moto import ACCOUNT

READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
TAGS = [{"Key": "team", "Value": "web"}]


@pytest.fixture
def access(cloud):
    return Access(ACCOUNT, "aws", "")


def make_iam(cloud):
    """One of each, holding something of everything; the policy's ARN."""
    iam = cloud.client("iam")
    policy = iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(READ), Tags=TAGS)
    arn = policy["Policy"]["Arn"]
    iam.create_group(GroupName="staff")
    iam.put_group_policy(GroupName="staff", PolicyName="in", PolicyDocument=json.dumps(READ))
    iam.attach_group_policy(GroupName="staff", PolicyArn=arn)
    iam.create_user(UserName="ann", Path="/people/", PermissionsBoundary=arn, Tags=TAGS)
    iam.put_user_policy(UserName="ann", PolicyName="in", PolicyDocument=json.dumps(READ))
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    iam.add_user_to_group(GroupName="staff", UserName="ann")
    iam.create_role(
        RoleName="web",
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Description="of the web",
        MaxSessionDuration=7200,
        PermissionsBoundary=arn,
        Tags=TAGS,
    )
    iam.put_role_policy(RoleName="web", PolicyName="in", PolicyDocument=json.dumps(READ))
    iam.attach_role_policy(RoleName="web", PolicyArn=arn)
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    return arn


def whole(found):
    return {**found.config, **(found.more() if found.more else {})}


@pytest.mark.parametrize(
    ("collector", "resource_id"),
    [(Roles, "web"), (Users, "ann"), (Groups, "staff"), (Policies, None)],
)
def test_one_asked_for_by_name_is_the_same_as_in_the_listing(cloud, access, collector, resource_id):
    arn = make_iam(cloud)
    resource_id = resource_id or arn
    ((listed,),) = [list(page) for page in collector.pages(access) if page]
    fetched = collector.fetch(access, resource_id)
    assert whole(fetched) == whole(listed)
    assert (fetched.resource_id, fetched.unique_id) == (listed.resource_id, listed.unique_id)
