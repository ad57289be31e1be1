"""Collectors of networks, against moto: what they see, what is a change, and what is gone."""

import pytest

from opsportal.lib.aws import Unknown
from security.collectors.ec2_endpoints import Peerings, VpcEndpoints
from security.collectors.ec2_flow_logs import FlowLogs
from security.collectors.ec2_gateways import InternetGateways, NatGateways
from security.collectors.ec2_interfaces import NetworkInterfaces
from security.collectors.ec2_network_acls import NetworkAcls
from security.collectors.ec2_prefix_lists import PrefixLists
from security.collectors.ec2_route_tables import RouteTables
from security.collectors.ec2_security_groups import SecurityGroups
from security.collectors.ec2_vpcs import Subnets, Vpcs
from tests.security.looking import (
    access,
    assert_gone,
    differing,
    links,
    look,
    look_at,
    networks,
    refuse,
)

ANYWHERE = "0.0.0.0/0"


@pytest.fixture
def ec2(cloud):
    return cloud.client("ec2")


@pytest.fixture
def vpc(ec2):
    return ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def subnet(ec2, vpc):
    return ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]


def permission(*cidrs, port=22, **more):
    return {
        "IpProtocol": "tcp", "FromPort": port, "ToPort": port,
        "IpRanges": [{"CidrIp": cidr} for cidr in cidrs], **more,
    }  # fmt: skip


def test_a_group_is_a_row_for_each_rule_and_peer(ec2, vpc):
    group = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)["GroupId"]
    listed = ec2.create_managed_prefix_list(
        PrefixListName="p", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "10.1.0.0/16"}]
    )["PrefixList"]["PrefixListId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            permission("10.0.0.0/8", "192.0.2.0/24"),
            permission(port=80, PrefixListIds=[{"PrefixListId": listed}]),
            permission(port=81, UserIdGroupPairs=[{"GroupId": group}]),
            {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]},
        ],
    )
    config = look_at(SecurityGroups, group).config
    assert {
        (row["direction"], row["protocol"], row["from"], row["to"], row["kind"], row["peer"])
        for row in config["rules"]
    } == {
        ("in", "tcp", 22, 22, "ipv4", "10.0.0.0/8"),
        ("in", "tcp", 22, 22, "ipv4", "192.0.2.0/24"),
        ("in", "tcp", 80, 80, "prefixlist", listed),
        ("in", "tcp", 81, 81, "group", f"123456789012/{group}"),
        ("in", "all", None, None, "ipv6", "2001:db8::/32"),
        ("out", "all", None, None, "ipv4", ANYWHERE),
    }
    assert links(SecurityGroups, group) == {
        ("vpc", vpc), ("prefix list", listed), ("peer", group),
    }  # fmt: skip
    assert ("admits", "10.0.0.0/8") in networks(SecurityGroups, group)


def test_the_order_of_rules_is_no_change_and_a_rule_is_one(ec2, vpc):
    one, two = permission("10.0.0.0/8", "192.0.2.0/24"), permission(ANYWHERE, port=443)
    group = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[one, two])
    before = look(SecurityGroups)
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[one, two])
    turned = permission("192.0.2.0/24", "10.0.0.0/8")
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[two, turned])
    assert differing(before, look(SecurityGroups)) == set()
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[two])
    assert differing(before, look(SecurityGroups)) == {group}
    ec2.delete_security_group(GroupId=group)
    assert_gone(SecurityGroups, group)


def test_a_list_whose_entries_are_denied_is_known_without_them(ec2):
    listed = ec2.create_managed_prefix_list(
        PrefixListName="p", MaxEntries=5, AddressFamily="IPv4",
        Entries=[{"Cidr": ANYWHERE, "Description": "all"}],
    )["PrefixList"]["PrefixListId"]  # fmt: skip
    seen = look_at(PrefixLists, listed)
    assert seen.config["entries"] == [{"cidr": ANYWHERE, "description": "all"}]
    assert networks(PrefixLists, listed) == {("lists", ANYWHERE)}
    refuse("ec2", "GetManagedPrefixListEntries")
    found = PrefixLists.fetch(access(), listed)
    assert isinstance(found.config["entries"], Unknown)
    assert found.config["entries"].action == "ec2:GetManagedPrefixListEntries"
    ec2.delete_managed_prefix_list(PrefixListId=listed)
    assert listed not in look(PrefixLists)


def test_an_interface_says_its_addresses_and_groups(ec2, vpc, subnet):
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    interface = ec2.create_network_interface(
        SubnetId=subnet, PrivateIpAddress="10.9.1.77", Groups=[group], Description="mine"
    )["NetworkInterface"]["NetworkInterfaceId"]
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=interface)
    seen = look_at(NetworkInterfaces, interface)
    assert seen.config["groups"] == [group]
    assert seen.config["used_by"] is None
    assert ("has", "10.9.1.77") in networks(NetworkInterfaces, interface)
    assert links(NetworkInterfaces, interface) == {
        ("security group", group), ("subnet", subnet), ("vpc", vpc),
    }  # fmt: skip
    before = look(NetworkInterfaces)
    other = ec2.create_security_group(GroupName="o", Description="d", VpcId=vpc)["GroupId"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[other])
    assert differing(before, look(NetworkInterfaces)) == {interface}
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    assert_gone(NetworkInterfaces, interface)


def test_a_vpc_and_a_subnet(ec2, vpc, subnet):
    seen = look_at(Vpcs, vpc).config
    assert (seen["cidrs"], seen["dns_support"]) == (["10.9.0.0/16"], True)
    assert networks(Vpcs, vpc) == {("has", "10.9.0.0/16")}
    assert links(Subnets, subnet) == {("vpc", vpc)}
    before = look(Vpcs)
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert differing(before, look(Vpcs)) == {vpc}
    before = look(Subnets)
    ec2.create_network_interface(SubnetId=subnet)
    assert differing(before, look(Subnets)) == set()
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    assert differing(before, look(Subnets)) == {subnet}
    for interface in look(NetworkInterfaces):
        ec2.delete_network_interface(NetworkInterfaceId=interface)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    assert_gone(Subnets, subnet)
    assert_gone(Vpcs, vpc)


def test_the_entries_of_a_network_acl(ec2, vpc):
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    entry = {"NetworkAclId": acl, "Protocol": "6", "RuleAction": "allow", "Egress": False}
    ec2.create_network_acl_entry(
        **entry, RuleNumber=200, CidrBlock=ANYWHERE, PortRange={"From": 22, "To": 22}
    )
    before = look(NetworkAcls)
    ec2.create_network_acl_entry(
        **entry, RuleNumber=100, CidrBlock="10.0.0.0/8", PortRange={"From": 1, "To": 9}
    )
    assert differing(before, look(NetworkAcls)) == {acl}
    seen = look_at(NetworkAcls, acl).config
    assert {
        "direction": "in", "number": 200, "action": "allow", "protocol": "tcp", "from": 22,
        "to": 22, "icmp_type": None, "icmp_code": None, "cidr": ANYWHERE,
    } in seen["entries"]  # fmt: skip
    ec2.delete_network_acl(NetworkAclId=acl)
    # moto calls it InvalidRouteTableID.NotFound when it is asked for.
    assert acl not in look(NetworkAcls)


def test_a_route_to_a_peering(ec2, vpc):
    other = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    peering = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"][
        "VpcPeeringConnectionId"
    ]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    before = look(RouteTables)
    ec2.create_route(
        RouteTableId=table, DestinationCidrBlock="10.8.0.0/16", VpcPeeringConnectionId=peering
    )
    assert differing(before, look(RouteTables)) == {table}
    routes = {row["destination"]: row for row in look_at(RouteTables, table).config["routes"]}
    assert (routes["10.8.0.0/16"]["kind"], routes["10.8.0.0/16"]["target"]) == (
        "peering", peering,
    )  # fmt: skip
    assert ("route", peering) in links(RouteTables, table)
    seen = look_at(Peerings, peering).config
    assert (seen["status"], seen["accepter"]["cidrs"]) == ("active", ["10.8.0.0/16"])
    assert links(Peerings, peering) == {("requester vpc", vpc), ("accepter vpc", other)}
    ec2.delete_route_table(RouteTableId=table)
    assert_gone(RouteTables, table)
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert_gone(Peerings, peering)


def test_gateways(ec2, vpc, subnet):
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    before = look(InternetGateways)
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert differing(before, look(InternetGateways)) == {gateway}
    assert links(InternetGateways, gateway) == {("vpc", vpc)}
    address = ec2.allocate_address(Domain="vpc")
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address["AllocationId"])[
        "NatGateway"
    ]["NatGatewayId"]
    look_at(NatGateways, nat)
    assert ("has", address["PublicIp"]) in networks(NatGateways, nat)
    assert links(NatGateways, nat) == {("vpc", vpc), ("subnet", subnet)}
    ec2.delete_nat_gateway(NatGatewayId=nat)
    assert_gone(NatGateways, nat)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    assert_gone(InternetGateways, gateway)


def test_an_endpoint_and_its_policy(ec2, vpc):
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.eu-west-1.s3", RouteTableIds=[table],
        VpcEndpointType="Gateway",
        PolicyDocument='{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*",'
        ' "Resource": "*"}}',
    )["VpcEndpoint"]["VpcEndpointId"]  # fmt: skip
    seen = look_at(VpcEndpoints, endpoint).config
    assert seen["policy"]["Statement"][0]["Principal"] == {"AWS": ["*"]}
    assert links(VpcEndpoints, endpoint) == {("vpc", vpc), ("route table", table)}
    before = look(VpcEndpoints)
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument='{"Statement": []}')
    assert differing(before, look(VpcEndpoints)) == {endpoint}
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert_gone(VpcEndpoints, endpoint)


def test_a_flow_log(cloud, ec2, vpc):
    cloud.client("s3").create_bucket(
        Bucket="flow", CreateBucketConfiguration={"LocationConstraint": cloud.region}
    )
    (log,) = ec2.create_flow_logs(
        ResourceIds=[vpc], ResourceType="VPC", TrafficType="ALL", LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flow",
    )["FlowLogIds"]  # fmt: skip
    seen = look_at(FlowLogs, log).config
    assert (seen["resource"], seen["status"], seen["traffic"]) == (vpc, "ACTIVE", "ALL")
    assert ("of", vpc) in links(FlowLogs, log)
    ec2.delete_flow_logs(FlowLogIds=[log])
    assert_gone(FlowLogs, log)
