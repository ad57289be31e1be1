"""Networks from listings to revisions, addresses and findings."""

import ipaddress

import pytest

from security.audit import audit_due
from security.collect.relate import in_ipv6
from security.collectors import collectors
from security.models import AddressUse, ConfigRevision, Finding
from tests.security.collecting import GROUPS, collect, later, make_account, resource
from tests.security.looking import refuse

pytestmark = pytest.mark.django_db(transaction=True)

LISTS, INTERFACES, VPCS = "aws.ec2.prefixlist", "aws.ec2.networkinterface", "aws.ec2.vpc"
DATABASES = "aws.rds.instance"
MINE = [
    slug
    for slug in collectors()
    if slug.startswith(("aws.ec2.", "aws.elb", "aws.rds.instance", "aws.rds.cluster"))
    and slug not in ("aws.ec2.snapshot", "aws.ec2.image", "aws.ec2.account")
] + ["aws.autoscaling.group"]


def who_had(address, at):
    """The resources that had the address then."""
    first, length = in_ipv6(ipaddress.ip_network(address))
    rows = AddressUse.objects.filter(first=first, length=length, role="has", since__lte=at)
    return {row.resource.resource_id for row in rows if row.until is None or row.until > at}


def test_all_of_a_region_is_collected_and_an_hour_later_nothing_has_changed(cloud):
    make_account()
    cloud.launch(2)
    cloud.scaling_group("front", 1)
    first = collect(*MINE)
    assert {row.scope.technology: row.outcome for row in first} == dict.fromkeys(MINE, "complete")
    revisions = ConfigRevision.objects.count()
    assert revisions > 10
    second = collect(*MINE, now=later(hours=1))
    assert {row.changed for row in second} == {0}
    assert ConfigRevision.objects.count() == revisions


def test_who_had_an_address_at_a_time(cloud):
    make_account()
    ec2 = cloud.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    address = subnet["CidrBlock"].replace(".0/20", ".99")

    def take():
        made = ec2.create_network_interface(SubnetId=subnet["SubnetId"], PrivateIpAddress=address)
        return made["NetworkInterface"]["NetworkInterfaceId"]

    before = take()
    collect(INTERFACES)
    ec2.delete_network_interface(NetworkInterfaceId=before)
    after = take()
    for minutes in (10, 20):
        collect(INTERFACES, now=later(minutes=minutes))
    assert who_had(address, later(minutes=5)) == {before}
    # It is had until its holder is missed, not until that is proved.
    assert who_had(address, later(minutes=15)) == {after}
    assert who_had(address, later(minutes=25)) == {after}
    assert who_had(address, later(minutes=-5)) == set()


def test_what_is_denied_is_still_there(cloud):
    make_account()
    collect(VPCS)
    known = ConfigRevision.objects.get(technology=VPCS).resource
    refuse("ec2", "DescribeVpcs", "UnauthorizedOperation")
    (row,) = collect(VPCS, now=later(hours=1))
    assert (row.outcome, row.error_code) == ("denied", "UnauthorizedOperation")
    known.refresh_from_db()
    assert known.state == "active"


def test_an_attribute_that_is_denied_keeps_its_value(cloud):
    make_account()
    collect(VPCS)
    known = ConfigRevision.objects.get(technology=VPCS).resource
    refuse("ec2", "DescribeVpcAttribute", "UnauthorizedOperation")
    collect(VPCS, now=later(hours=1))
    known.refresh_from_db()
    assert known.config["dns_support"] is True
    assert known.unknown["dns_support"]["action"] == "ec2:DescribeVpcAttribute"
    assert ConfigRevision.objects.filter(technology=VPCS).count() == 1


def test_a_prefix_list_that_is_opened_opens_groups_and_databases(cloud):
    make_account()
    ec2 = cloud.client("ec2")
    listed = ec2.create_managed_prefix_list(
        PrefixListName="p", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "10.1.0.0/16"}]
    )["PrefixList"]["PrefixListId"]
    group = ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
    permission = {
        "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
        "PrefixListIds": [{"PrefixListId": listed}],
    }  # fmt: skip
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    cloud.client("rds").create_db_instance(
        DBInstanceIdentifier="db", DBInstanceClass="db.t3.micro", Engine="postgres", Port=22,
        MasterUsername="root", MasterUserPassword="password", AllocatedStorage=10,
        VpcSecurityGroupIds=[group], PubliclyAccessible=True, StorageEncrypted=True,
    )  # fmt: skip
    collect(LISTS, INTERFACES)
    collect(GROUPS)
    collect(DATABASES)
    about = Finding.objects.filter(resource=resource(group), check_id="SG-02")
    assert not about.exists()
    database = Finding.objects.filter(resource=resource("db"), check_id="RDS-01", status="open")
    assert database.get().score == 5
    ec2.modify_managed_prefix_list(
        PrefixListId=listed, CurrentVersion=1, AddEntries=[{"Cidr": "0.0.0.0/0"}]
    )
    collect(LISTS, now=later(minutes=30))
    audit_due(now=later(minutes=31))
    finding = about.get()
    assert (finding.status, finding.subject) == ("open", "in/tcp/22-22/0.0.0.0/0")
    # Nothing has the group: three tenths of ten.
    assert finding.score == 3
    # The database follows its group's list, too.
    assert database.get().score == 9
