"""VPC endpoints and peerings: doors of a VPC that are not the Internet's.

Source: DescribeVpcEndpoints and DescribeVpcPeeringConnections in the Amazon EC2 API reference.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from opsportal.lib.aws import Access
from security.collectors import Call, Link
from security.collectors.ec2 import Ec2Collector, group_ids
from security.normalise import Shape

_PEERING = ("requestParameters.vpcPeeringConnectionId",)
# States of those that are listed for a while yet.
_ENDED = ("deleting", "deleted", "rejected", "expired", "failed")
_DELETED = ("requestParameters.DeleteVpcEndpointsRequest.VpcEndpointId",)


class VpcEndpoints(Ec2Collector):
    """AWS's services inside a VPC, and who may use them there."""

    slug = "aws.ec2.vpcendpoint"
    label = "VPC endpoints"
    noun = "VPC endpoint"
    operation, rows = "describe_vpc_endpoints", "VpcEndpoints"
    key, ids, resource_type = "VpcEndpointId", "VpcEndpointIds", "vpc-endpoint"
    interval = timedelta(minutes=15)
    # Its interfaces are left out: AWS makes them anew as it likes.
    shape = Shape(sets=("subnets", "groups", "route_tables"), policies=("policy",))
    actions = ("ec2:DescribeVpcEndpoints",)
    gone = ("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpointID.NotFound")
    calls = (
        Call(
            "CreateVpcEndpoint",
            ("responseElements.CreateVpcEndpointResponse.vpcEndpoint.vpcEndpointId",),
        ),
        Call(
            "ModifyVpcEndpoint", ("requestParameters.ModifyVpcEndpointRequest.VpcEndpointId",)
        ),
        Call(
            "DeleteVpcEndpoints", (*_DELETED, f"{_DELETED[0]}.content", f"{_DELETED[0]}.*.content"),
            deletes=True,
        ),
    )  # fmt: skip

    @classmethod
    def is_there(cls, row: Mapping[str, Any]) -> bool:
        """A deleted one is listed for a while."""
        return str(row.get("State", "")).lower() not in _ENDED

    @classmethod
    def name_of(cls, row: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        """The tag's, or the service's."""
        return tags.get("Name") or str(row.get("ServiceName", ""))

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """Which service, where, and for whom."""
        return {
            "service": row.get("ServiceName"),
            "type": row.get("VpcEndpointType"),
            "vpc": row.get("VpcId"),
            "owner": row.get("OwnerId"),
            "policy": row.get("PolicyDocument"),
            "subnets": list(row.get("SubnetIds", [])),
            "groups": group_ids(row.get("Groups")),
            "route_tables": list(row.get("RouteTableIds", [])),
            "private_dns": row.get("PrivateDnsEnabled", False),
            "requester_managed": row.get("RequesterManaged", False),
        }

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Where it is, and what guards it."""
        if config["vpc"]:
            yield Link("vpc", config["vpc"])
        for kind, name in (
            ("subnet", "subnets"), ("security group", "groups"), ("route table", "route_tables"),
        ):  # fmt: skip
            for target in config[name]:
                yield Link(kind, target)


class Peerings(Ec2Collector):
    """VPCs that are joined, of the same account or of two."""

    slug = "aws.ec2.peering"
    label = "VPC peerings"
    noun = "VPC peering"
    operation, rows = "describe_vpc_peering_connections", "VpcPeeringConnections"
    key, ids = "VpcPeeringConnectionId", "VpcPeeringConnectionIds"
    resource_type = "vpc-peering-connection"
    interval = timedelta(minutes=15)
    shape = Shape(sets=("requester.cidrs", "accepter.cidrs"))
    actions = ("ec2:DescribeVpcPeeringConnections",)
    gone = (
        "InvalidVpcPeeringConnectionID.NotFound", "InvalidVpcPeeringConnectionId.NotFound",
    )  # fmt: skip
    calls = (
        Call(
            "CreateVpcPeeringConnection",
            ("responseElements.vpcPeeringConnection.vpcPeeringConnectionId",),
        ),
        Call("AcceptVpcPeeringConnection", _PEERING),
        Call("RejectVpcPeeringConnection", _PEERING),
        Call("ModifyVpcPeeringConnectionOptions", _PEERING),
        Call("DeleteVpcPeeringConnection", _PEERING, deletes=True),
    )

    @classmethod
    def is_there(cls, row: Mapping[str, Any]) -> bool:
        """One that came to nothing is listed for hours."""
        status = row.get("Status", {}).get("Code")
        return status not in _ENDED

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """Both sides."""
        return {
            "status": row.get("Status", {}).get("Code"),
            "requester": _side(row.get("RequesterVpcInfo") or {}),
            "accepter": _side(row.get("AccepterVpcInfo") or {}),
        }

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Both VPCs."""
        for side in ("requester", "accepter"):
            if config[side]["vpc"]:
                yield Link(f"{side} vpc", config[side]["vpc"])


def _side(row: Mapping[str, Any]) -> dict[str, Any]:
    cidrs = {inner["CidrBlock"] for inner in row.get("CidrBlockSet", [])}
    cidrs |= {inner["Ipv6CidrBlock"] for inner in row.get("Ipv6CidrBlockSet", [])}
    options = row.get("PeeringOptions") or {}
    return {
        "vpc": row.get("VpcId"),
        "account": row.get("OwnerId"),
        "region": row.get("Region"),
        "cidrs": sorted(cidrs | {row["CidrBlock"]} if row.get("CidrBlock") else cidrs),
        "remote_dns": options.get("AllowDnsResolutionFromRemoteVpc"),
    }
