"""VPCs and their subnets.

Source: DescribeVpcs, DescribeVpcAttribute and DescribeSubnets in the Amazon EC2 API reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from opsportal.lib.aws import Access, facet
from security.collectors import Call, Link, Network, found_each
from security.collectors.ec2 import Ec2Collector
from security.normalise import Found, Shape

_VPC = ("requestParameters.vpcId",)
_SUBNET = ("requestParameters.subnetId",)


class Vpcs(Ec2Collector):
    """Networks of an account."""

    slug = "aws.ec2.vpc"
    label = "VPCs"
    noun = "VPC"
    operation, rows = "describe_vpcs", "Vpcs"
    key, ids, resource_type = "VpcId", "VpcIds", "vpc"
    interval = timedelta(hours=1)
    shape = Shape(
        sets=("cidrs", "ipv6_cidrs"), operational=("tags", "dhcp_options", "dns_hostnames")
    )
    actions = ("ec2:DescribeVpcs", "ec2:DescribeVpcAttribute")
    gone = ("InvalidVpcID.NotFound", "InvalidVpcId.NotFound")
    calls = (
        Call("CreateVpc", ("responseElements.vpc.vpcId",)),
        Call("CreateDefaultVpc", ("responseElements.vpc.vpcId",)),
        Call("ModifyVpcAttribute", _VPC),
        Call("ModifyVpcTenancy", _VPC),
        Call("AssociateVpcCidrBlock", _VPC),
        Call("AssociateDhcpOptions", _VPC),
        Call("DeleteVpc", _VPC, deletes=True),
    )

    @classmethod
    def found_in(cls, rows: Sequence[Mapping[str, Any]], access: Access) -> list[Found]:
        """The attributes of each are asked for, a few at a time."""
        return found_each(lambda row: cls.found(row, access), rows)

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """Its networks and attributes."""
        return {
            "cidrs": _cidrs(row, "CidrBlock", "CidrBlockAssociationSet", "CidrBlockState"),
            "ipv6_cidrs": _cidrs(
                row, "Ipv6CidrBlock", "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlockState"
            ),
            "default": row.get("IsDefault", False),
            "owner": row.get("OwnerId"),
            "tenancy": row.get("InstanceTenancy"),
            "dhcp_options": row.get("DhcpOptionsId"),
            "dns_support": cls._attribute(row["VpcId"], access, "enableDnsSupport"),
            "dns_hostnames": cls._attribute(row["VpcId"], access, "enableDnsHostnames"),
        }

    @classmethod
    def _attribute(cls, vpc: str, access: Access, name: str) -> Any:
        def ask() -> Any:
            answer = access.client("ec2").describe_vpc_attribute(VpcId=vpc, Attribute=name)
            return answer[name[0].upper() + name[1:]]["Value"]

        return facet(ask, action="ec2:DescribeVpcAttribute", gone=cls.gone)

    @classmethod
    def networks(cls, config: Mapping[str, Any]) -> Iterator[Network]:
        """Its own."""
        for cidr in (*config["cidrs"], *config["ipv6_cidrs"]):
            yield Network("has", cidr, "VPC")


class Subnets(Ec2Collector):
    """Parts of VPCs."""

    slug = "aws.ec2.subnet"
    label = "Subnets"
    noun = "subnet"
    operation, rows = "describe_subnets", "Subnets"
    key, ids, resource_type = "SubnetId", "SubnetIds", "subnet"
    interval = timedelta(hours=1)
    # How many addresses are free is left out: it changes with every instance.
    shape = Shape(sets=("cidrs", "ipv6_cidrs"), operational=("tags", "zone"))
    actions = ("ec2:DescribeSubnets",)
    gone = ("InvalidSubnetID.NotFound", "InvalidSubnetId.NotFound")
    calls = (
        Call("CreateSubnet", ("responseElements.subnet.subnetId",)),
        Call("CreateDefaultSubnet", ("responseElements.subnet.subnetId",)),
        Call("ModifySubnetAttribute", _SUBNET),
        Call("AssociateSubnetCidrBlock", _SUBNET),
        Call("DeleteSubnet", _SUBNET, deletes=True),
    )

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """Where it is, and what is given to what is launched there."""
        return {
            "vpc": row.get("VpcId"),
            "cidrs": [row["CidrBlock"]] if row.get("CidrBlock") else [],
            "ipv6_cidrs": _cidrs(
                row, "", "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlockState", "Ipv6CidrBlock"
            ),
            "zone": row.get("AvailabilityZone"),
            "owner": row.get("OwnerId"),
            "default": row.get("DefaultForAz", False),
            "public_ip_on_launch": row.get("MapPublicIpOnLaunch", False),
            "ipv6_on_creation": row.get("AssignIpv6AddressOnCreation", False),
            "ipv6_only": row.get("Ipv6Native", False),
        }

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Its VPC."""
        if config["vpc"]:
            yield Link("vpc", config["vpc"])

    @classmethod
    def networks(cls, config: Mapping[str, Any]) -> Iterator[Network]:
        """Its own."""
        for cidr in (*config["cidrs"], *config["ipv6_cidrs"]):
            yield Network("has", cidr, "subnet")


def _cidrs(
    row: Mapping[str, Any], main: str, associations: str, state: str, key: str = ""
) -> list[str]:
    """The main network and those that are associated by now."""
    found = {row[main]} if row.get(main) else set()
    for inner in row.get(associations, []):
        if inner.get(state, {}).get("State", "associated") in ("associated", "associating"):
            found.add(inner[key or main])
    return sorted(found)
