"""From a call in the cloud to the alert, by the checks that there are."""

import pytest

from alerts.models import Alert
from security.models import Finding
from tests.security.collecting import GROUPS, collect, later, make_account, resource
from tests.security.findings import LISTS, sweep

pytestmark = pytest.mark.django_db(transaction=True)


def allow(ec2, group, **peer):
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **peer}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


def burning():
    return set(Alert.objects.filter(resolved_at=None).values_list("labels__check", flat=True))


def test_ssh_opened_to_the_world_is_an_alert_with_the_collection_and_over_with_the_next(cloud):
    make_account()
    ec2 = cloud.client("ec2")
    group = ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
    collect(GROUPS)
    before = set(burning())
    world = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    allow(ec2, group, **world)
    collect(GROUPS, now=later(minutes=5))
    assert burning() - before == {"SG-02"}
    found = Finding.objects.get(check_id="SG-02")
    assert (found.status, found.introduced_by.kind) == ("open", "changed")
    told = Alert.objects.get(labels__check="SG-02")
    assert told.labels["resource"] == group
    assert "0.0.0.0/0" in told.description
    ec2.revoke_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **world}],
    )
    collect(GROUPS, now=later(minutes=10))
    assert burning() == before
    assert Finding.objects.get(check_id="SG-02").fixed_by.number == 3


def test_a_widened_prefix_list_opens_findings_on_the_groups_that_use_it(cloud):
    make_account()
    ec2 = cloud.client("ec2")
    group = ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
    entries = {"MaxEntries": 5, "AddressFamily": "IPv4"}
    listed = ec2.create_managed_prefix_list(PrefixListName="office", **entries)["PrefixList"]
    name = listed["PrefixListId"]
    allow(ec2, group, PrefixListIds=[{"PrefixListId": name}])
    collect(GROUPS, LISTS)
    assert not Finding.objects.filter(check_id="SG-02").exists()
    ec2.modify_managed_prefix_list(
        PrefixListId=name, CurrentVersion=1, AddEntries=[{"Cidr": "0.0.0.0/0"}]
    )
    collect(LISTS, now=later(minutes=5))
    assert resource(group).audit_at == later(minutes=5)
    sweep(later(minutes=6))
    found = Finding.objects.get(check_id="SG-02")
    assert (found.status, found.introduced_by.resource.resource_id) == ("open", name)
    assert "SG-02" in burning()
