"""Gateways to the Internet, for both ways and for the way out.

Source: DescribeInternetGateways and DescribeNatGateways in the Amazon EC2 API reference.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from opsportal.lib.aws import Access
from security.collectors import Call, Link, Network
from security.collectors.ec2 import Ec2Collector
from security.normalise import Shape

_INTERNET = ("requestParameters.internetGatewayId",)
_NAT = (
    "requestParameters.DeleteNatGatewayRequest.NatGatewayId",
    "requestParameters.natGatewayId",
)
_NAT_MADE = (
    "responseElements.CreateNatGatewayResponse.natGateway.natGatewayId",
    "responseElements.natGateway.natGatewayId",
)


class InternetGateways(Ec2Collector):
    """What makes a VPC a part of the Internet."""

    slug = "aws.ec2.internetgateway"
    label = "Internet gateways"
    noun = "Internet gateway"
    operation, rows = "describe_internet_gateways", "InternetGateways"
    key, ids, resource_type = "InternetGatewayId", "InternetGatewayIds", "internet-gateway"
    interval = timedelta(minutes=15)
    shape = Shape(sets=("vpcs",))
    actions = ("ec2:DescribeInternetGateways",)
    gone = ("InvalidInternetGatewayID.NotFound", "InvalidInternetGatewayId.NotFound")
    calls = (
        Call("CreateInternetGateway", ("responseElements.internetGateway.internetGatewayId",)),
        Call("AttachInternetGateway", _INTERNET),
        Call("DetachInternetGateway", _INTERNET),
        Call("DeleteInternetGateway", _INTERNET, deletes=True),
    )

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """The VPCs that have it."""
        return {
            "owner": row.get("OwnerId"),
            "vpcs": [inner["VpcId"] for inner in row.get("Attachments", [])],
        }

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """The VPCs that have it."""
        for vpc in config["vpcs"]:
            yield Link("vpc", vpc)


class NatGateways(Ec2Collector):
    """By which addresses a VPC goes out."""

    slug = "aws.ec2.natgateway"
    label = "NAT gateways"
    noun = "NAT gateway"
    operation, rows = "describe_nat_gateways", "NatGateways"
    key, ids, resource_type = "NatGatewayId", "NatGatewayIds", "natgateway"
    interval = timedelta(minutes=15)
    # Its interfaces are left out: AWS makes them anew as it likes.
    shape = Shape(sets=("addresses",), keys={"addresses": ("private",)})
    actions = ("ec2:DescribeNatGateways",)
    gone = ("NatGatewayNotFound", "InvalidNatGatewayID.NotFound")
    calls = (
        Call("CreateNatGateway", _NAT_MADE),
        Call("AssociateNatGatewayAddress", _NAT[1:]),
        Call("DisassociateNatGatewayAddress", _NAT[1:]),
        Call("DeleteNatGateway", _NAT, deletes=True),
    )

    @classmethod
    def is_there(cls, row: Mapping[str, Any]) -> bool:
        """A deleted one is listed for an hour."""
        return row.get("State") not in ("deleting", "deleted", "failed")

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """Where it is, and its addresses."""
        return {
            "vpc": row.get("VpcId"),
            "subnet": row.get("SubnetId"),
            "connectivity": row.get("ConnectivityType"),
            "addresses": [
                {"private": inner.get("PrivateIp"), "public": inner.get("PublicIp")}
                for inner in row.get("NatGatewayAddresses", [])
            ],
        }

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Its VPC and subnet."""
        for kind in ("vpc", "subnet"):
            if config[kind]:
                yield Link(kind, config[kind])

    @classmethod
    def networks(cls, config: Mapping[str, Any]) -> Iterator[Network]:
        """Its addresses."""
        for row in config["addresses"]:
            for kind in ("private", "public"):
                if row[kind]:
                    yield Network("has", row[kind], f"NAT gateway, {kind}")
