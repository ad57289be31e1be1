"""Route tables, without the routes that a VPN gateway learns by itself.

Source: DescribeRouteTables in the Amazon EC2 API reference.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from opsportal.lib.aws import Access
from security.collectors import Call, Link
from security.collectors.ec2 import Ec2Collector
from security.normalise import Shape

_TABLE = ("requestParameters.routeTableId",)
_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
# What a route leads to, by the name of its id; an instance comes with its interface.
_TARGETS = {
    "VpcPeeringConnectionId": "peering",
    "NatGatewayId": "NAT gateway",
    "TransitGatewayId": "transit gateway",
    "EgressOnlyInternetGatewayId": "egress-only gateway",
    "LocalGatewayId": "local gateway",
    "CarrierGatewayId": "carrier gateway",
    "CoreNetworkArn": "core network",
    "OdbNetworkArn": "ODB network",
    "GatewayId": "gateway",
    "NetworkInterfaceId": "network interface",
    "InstanceId": "instance",
}


class RouteTables(Ec2Collector):
    """Where packets go."""

    slug = "aws.ec2.routetable"
    label = "Route tables"
    noun = "route table"
    operation, rows = "describe_route_tables", "RouteTables"
    key, ids, resource_type = "RouteTableId", "RouteTableIds", "route-table"
    page_size = 100
    interval = timedelta(minutes=15)
    shape = Shape(
        sets=("routes", "subnets", "gateways", "propagating"),
        # A route becomes a black hole when its target goes.
        ephemeral=("routes.*.state",),
        keys={"routes": ("destination",)},
    )
    actions = ("ec2:DescribeRouteTables",)
    gone = ("InvalidRouteTableID.NotFound", "InvalidRouteTableId.NotFound")
    calls = (
        Call("CreateRouteTable", ("responseElements.routeTable.routeTableId",)),
        Call("CreateRoute", _TABLE),
        Call("ReplaceRoute", _TABLE),
        Call("DeleteRoute", _TABLE),
        Call("AssociateRouteTable", _TABLE),
        Call("ReplaceRouteTableAssociation", _TABLE),
        Call("EnableVgwRoutePropagation", _TABLE),
        Call("DisableVgwRoutePropagation", _TABLE),
        Call("DeleteRouteTable", _TABLE, deletes=True),
    )

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """Routes, and who follows them."""
        followers = [
            inner
            for inner in row.get("Associations", [])
            if inner.get("AssociationState", {}).get("State", "associated")
            in ("associated", "associating")
        ]
        return {
            "vpc": row.get("VpcId"),
            "owner": row.get("OwnerId"),
            "routes": [
                _route(route)
                for route in row.get("Routes", [])
                if route.get("Origin") != "EnableVgwRoutePropagation"
            ],
            "main": any(inner.get("Main") for inner in followers),
            "subnets": [inner["SubnetId"] for inner in followers if inner.get("SubnetId")],
            "gateways": [inner["GatewayId"] for inner in followers if inner.get("GatewayId")],
            "propagating": [inner["GatewayId"] for inner in row.get("PropagatingVgws", [])],
        }

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Its VPC and subnets, and where it leads."""
        if config["vpc"]:
            yield Link("vpc", config["vpc"])
        for subnet in config["subnets"]:
            yield Link("subnet", subnet)
        for route in config["routes"]:
            if route["target"] and route["target"] != "local":
                yield Link("route", route["target"])
            if route["destination"].startswith("pl-"):
                yield Link("prefix list", route["destination"])

    @classmethod
    def words(cls, path: str, element: Mapping[str, Any]) -> str:
        """A route: `route to 10.0.0.0/8 by pcx-1`."""
        if path != "routes":
            return ""
        target = element.get("target")
        if not target:
            return f"route to {element['destination']}"
        return f"route to {element['destination']} by {target}"


def _route(route: Mapping[str, Any]) -> dict[str, Any]:
    kind = next((name for name in _TARGETS if route.get(name)), "")
    return {
        "destination": next((route[name] for name in _DESTINATIONS if route.get(name)), ""),
        "kind": _TARGETS.get(kind, ""),
        "target": route.get(kind),
        "origin": route.get("Origin"),
        "state": route.get("State"),
    }
