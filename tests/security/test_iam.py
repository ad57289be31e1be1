"""Roles, users, groups and policies: one form however they are asked for."""

import json

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto.iam.models import iam_backends

from opsportal.lib.aws import Gone, Unknown
from opsportal.lib.aws.access import Access
from security.collectors.iam_groups import Groups
from security.collectors.iam_policies import Policies
from security.collectors.iam_roles import Roles
from security.collectors.iam_users import Users
from security.models import CloudResource, ConfigRevision, Relation
from tests.alerts.moto import ACCOUNT
from tests.security.collecting import NOW, collect, deny, later, make_account, resource

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


LISTINGS = [
    (Roles, "Role", "RoleDetailList", {"RoleName": "r{}", "RoleId": "AROA{:012}XXXX"}),
    (Users, "User", "UserDetailList", {"UserName": "r{}", "UserId": "AIDA{:012}XXXX"}),
    (Groups, "Group", "GroupDetailList", {"GroupName": "r{}", "GroupId": "AGPA{:012}XXXX"}),
    (Policies, "LocalManagedPolicy", "Policies", {"PolicyName": "r{}"}),
]


def expect_page(stub, kind, key, row, number, marker=None, following=None):
    """GetAccountAuthorizationDetails is asked with that marker, and says which one follows."""
    named = {name: text.format(number) for name, text in row.items()}
    whole = named | {"Path": "/", "Arn": f"arn:aws:iam::{ACCOUNT}:x/r{number}", "CreateDate": NOW}
    if kind == "LocalManagedPolicy":
        whole["DefaultVersionId"] = "v1"
    more = {"IsTruncated": True, "Marker": following} if following else {}
    asked = {"Filter": [kind], "MaxItems": 1000} | ({"Marker": marker} if marker else {})
    stub.add_response("get_account_authorization_details", {key: [whole], **more}, asked)


@pytest.mark.parametrize(("collector", "kind", "key", "row"), LISTINGS)
def test_listings_are_read_page_by_page(access, collector, kind, key, row):
    with Stubber(access.client("iam")) as stub:
        if collector is Roles:
            listed = [{"RoleName": f"r{number}", "RoleId": f"AROA{number:012}XXXX", "Path": "/",
                       "Arn": f"arn:aws:iam::{ACCOUNT}:x/r{number}", "CreateDate": NOW}
                      for number in (1, 2)]  # fmt: skip
            stub.add_response("list_roles", {"Roles": listed})
        expect_page(stub, kind, key, row, 1, following="m")
        expect_page(stub, kind, key, row, 2, marker="m")
        if collector is Policies:
            stub.add_response("list_policies", {"Policies": []})
        assert [len(page) for page in collector.pages(access) if page] == [1, 1]


@pytest.mark.parametrize(("collector", "kind", "key", "row"), LISTINGS)
def test_a_listing_with_a_page_that_fails_is_no_listing(access, collector, kind, key, row):
    with Stubber(access.client("iam")) as stub:
        if collector is Roles:
            stub.add_client_error("list_roles", "AccessDenied", http_status_code=403)
        expect_page(stub, kind, key, row, 1, following="m")
        stub.add_client_error("get_account_authorization_details", "Throttling")
        pages = collector.pages(access)
        assert len(next(pages)) == 1
        with pytest.raises(ClientError):
            next(pages)


def test_a_listing_that_is_denied_leaves_two_facets_of_roles_unknown(cloud, access):
    make_iam(cloud)
    deny(access, "iam", "ListRoles")
    ((found,),) = Roles.pages(access)
    unknown = {name for name, value in found.config.items() if isinstance(value, Unknown)}
    assert unknown == {"description", "max_session"}
    assert found.config["trust"]


@pytest.mark.parametrize(
    ("collector", "resource_id"),
    [(Roles, "no"), (Users, "no"), (Groups, "no"), (Policies, f"arn:aws:iam::{ACCOUNT}:policy/no")],
)
def test_what_is_not_there_is_gone(access, collector, resource_id):
    with pytest.raises(Gone):
        collector.fetch(access, resource_id)


def test_one_facet_that_is_denied_of_one_role_is_unknown(cloud, access):
    make_iam(cloud)
    deny(access, "iam", "ListAttachedRolePolicies")
    found = Roles.fetch(access, "web")
    assert found.config["attached"].action == "iam:ListAttachedRolePolicies"
    assert found.config["inline"]


def test_policies_of_aws_are_of_interest_while_something_holds_them(cloud, access, monkeypatch):
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    cloud.reset()
    make_iam(cloud)
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    cloud.client("iam").attach_role_policy(RoleName="web", PolicyArn=arn)
    found = {found.resource_id: found for page in Policies.pages(access) for found in page}
    assert len(found) == 2
    assert whole(Policies.fetch(access, arn)) == whole(found[arn])
    cloud.client("iam").detach_role_policy(RoleName="web", PolicyArn=arn)
    with pytest.raises(Gone):
        Policies.fetch(access, arn)


IAM = ("aws.iam.role", "aws.iam.user", "aws.iam.group", "aws.iam.policy")


@pytest.mark.django_db(transaction=True)
def test_five_hundred_roles_take_few_calls(cloud):
    make_account()
    make_iam(cloud)
    for number in range(499):  # over HTTP it takes seconds
        iam_backends[ACCOUNT]["aws"].create_role(
            f"role-{number}", json.dumps(TRUST), "/", None, "", [], "3600"
        )
    done = collect(*IAM)
    assert {row.outcome for row in done} == {"complete"}
    assert sum(row.http_calls for row in done) <= 12
    assert CloudResource.objects.filter(technology="aws.iam.role").count() == 500
    again = collect(*IAM, now=later(minutes=20))
    assert sum(row.http_calls for row in again) == 6
    assert ConfigRevision.objects.exclude(kind="created").count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_policy_that_changed_is_asked_for_and_one_that_did_not_is_not(cloud):
    make_account()
    arn = make_iam(cloud)
    collect(*IAM)
    assert resource(arn).tags == {"team": "web"}
    asked = cloud.asked("GetPolicy")
    collect(*IAM, now=later(minutes=20))
    assert cloud.asked("GetPolicy") == asked
    write = json.loads(json.dumps(READ).replace("GetObject", "PutObject"))
    cloud.client("iam").create_policy_version(
        PolicyArn=arn, PolicyDocument=json.dumps(write), SetAsDefault=True
    )
    collect(*IAM, now=later(minutes=40))
    assert cloud.asked("GetPolicy") == asked + 1
    found = ConfigRevision.objects.filter(resource__resource_id=arn).order_by("number")
    assert [row.kind for row in found] == ["created", "changed"]
    assert resource(arn).config["version"] == "v2"
    assert resource(arn).tags == {"team": "web"}


@pytest.mark.django_db(transaction=True)
def test_who_holds_a_policy_and_who_is_in_a_group_is_known(cloud):
    make_account()
    arn = make_iam(cloud)
    collect(*IAM)
    holders = Relation.objects.filter(target=arn).values_list("kind", "source__resource_id")
    assert set(holders) == {
        ("policy", "web"), ("policy", "ann"), ("policy", "staff"),
        ("boundary", "web"),  # moto forgets that of users
    }  # fmt: skip
    assert Relation.objects.get(kind="group").target == "staff"
    assert resource("web").unique_id.startswith("AROA")


@pytest.mark.django_db(transaction=True)
def test_a_policy_that_only_orders_its_statements_otherwise_is_no_change(cloud):
    make_account()
    make_iam(cloud)
    deny = {"Effect": "Deny", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "*"}
    put = cloud.client("iam").put_role_policy
    two = {"Version": "2012-10-17", "Statement": [READ["Statement"][0], deny]}
    put(RoleName="web", PolicyName="in", PolicyDocument=json.dumps(two))
    collect(*IAM)
    deny["Action"].reverse()
    two["Statement"].reverse()
    put(RoleName="web", PolicyName="in", PolicyDocument=json.dumps(two))
    collect(*IAM, now=later(minutes=20))
    assert ConfigRevision.objects.exclude(kind="created").count() == 0
