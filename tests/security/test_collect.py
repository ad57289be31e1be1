"""From a listing to revisions, findings and the timeline."""

import pytest
from django.conf import settings

from chronos.models import ChangeEvent
from security.models import ConfigRevision, Finding
from tests.security.collecting import GROUPS, collect, later, make_account, resource

pytestmark = pytest.mark.django_db(transaction=True)


def make_group(cloud, name="web"):
    ec2 = cloud.client("ec2")
    return ec2.create_security_group(GroupName=name, Description="d")["GroupId"]


def allow(cloud, group, cidr, port=22, protocol="tcp"):
    permission = {
        "IpProtocol": protocol,
        "FromPort": port,
        "ToPort": port,
        "IpRanges": [{"CidrIp": cidr}],
    }
    cloud.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


def test_a_change_is_a_revision_and_what_is_unchanged_is_none(cloud):
    make_account()
    group = make_group(cloud)
    collect(GROUPS)
    assert [row.kind for row in ConfigRevision.objects.filter(resource__resource_id=group)] == [
        "created"
    ]
    collect(GROUPS, now=later(minutes=5))
    allow(cloud, group, "0.0.0.0/0", port=-1, protocol="-1")
    collect(GROUPS, now=later(minutes=10))
    found = ConfigRevision.objects.filter(resource__resource_id=group).order_by("number")
    assert [row.kind for row in found] == ["created", "changed"]
    assert "0.0.0.0/0" in found[1].summary
    assert found[1].change_class == "security"
    assert found[1].attribution == "pending"
    event = ChangeEvent.objects.get(pk=found[1].event_id)
    assert (event.kind, event.source) == ("security", "opsportal")
    page = found[1].resource.get_absolute_url()
    assert event.links[0]["href"] == settings.PUBLIC_URL + page
    assert "SG-01" in Finding.objects.filter(resource__resource_id=group).values_list(
        "check_id", flat=True
    )


def test_what_is_gone_is_missing_first_and_deleted_when_a_second_listing_agrees(cloud):
    make_account()
    group = make_group(cloud)
    collect(GROUPS)
    cloud.client("ec2").delete_security_group(GroupId=group)
    collect(GROUPS, now=later(minutes=5))
    assert resource(group).state == "missing"
    collect(GROUPS, now=later(minutes=10))
    assert resource(group).state == "deleted"


def test_an_error_says_nothing_of_what_is_there(cloud):
    make_account()
    group = make_group(cloud)
    collect(GROUPS)
    refusal = "<Response><Errors><Error><Code>x</Code></Error></Errors></Response>"
    cloud.before("DescribeSecurityGroups", lambda: refusal)
    (row,) = collect(GROUPS, now=later(minutes=5))
    assert row.outcome == "failed"
    assert resource(group).state == "active"
