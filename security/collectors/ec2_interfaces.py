"""Network interfaces: which addresses there are, whose they are, and what guards them.

Instances, load balancers, databases, functions and endpoints all have theirs, so what is attached
to a security group is told by interfaces. Source: DescribeNetworkInterfaces in the Amazon EC2 API
reference; whose a requester-managed one is, only its type, description and requester say.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from opsportal.lib.aws import Access
from security.collectors import Call, Link, Network
from security.collectors.ec2 import Ec2Collector, group_ids
from security.normalise import Shape

_INTERFACE = ("requestParameters.networkInterfaceId",)
# "ELB app/front/50dc6c495c0c9188" of the newer load balancers, "ELB front" of the classic ones.
_BALANCER = re.compile(r"ELB ((?:app|net|gwy)/[^/]+/[0-9a-f]+|[^/]+)")
# "AWS Lambda VPC ENI-name-8ab4c2ac-..."
_FUNCTION = re.compile(r"AWS Lambda VPC ENI-(.+?)(?:-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?")
_REQUESTERS = {
    "amazon-rds": "rds",
    "amazon-redshift": "redshift",
    "amazon-elasticache": "elasticache",
}
_DESCRIBED = {
    "RDSNetworkInterface": "rds",
    "RedshiftNetworkInterface": "redshift",
    "ElastiCache": "elasticache",
    "EFS mount target": "efs",
    "VPC Endpoint Interface": "vpc endpoint",
    "Interface for NAT Gateway": "nat gateway",
    "Network Interface for Transit Gateway": "transit gateway",
    "AWS created network interface for directory": "directory service",
}  # fmt: skip


class NetworkInterfaces(Ec2Collector):
    """Addresses, and whose they are."""

    slug = "aws.ec2.networkinterface"
    label = "Network interfaces"
    noun = "network interface"
    operation, rows = "describe_network_interfaces", "NetworkInterfaces"
    key, ids, resource_type = "NetworkInterfaceId", "NetworkInterfaceIds", "network-interface"
    # Those that AWS hides where its services manage them are attached to groups all the same.
    options: ClassVar[Mapping[str, Any]] = {"IncludeManagedResources": True}
    interval = timedelta(minutes=5)
    shape = Shape(
        sets=("groups", "addresses", "ipv6_addresses", "prefixes"),
        operational=("tags", "attachment", "mac", "zone", "used_by"),
        cosmetic=("description",),
        keys={"addresses": ("address",)},
    )
    actions = ("ec2:DescribeNetworkInterfaces",)
    gone = ("InvalidNetworkInterfaceID.NotFound", "InvalidNetworkInterfaceId.NotFound")
    calls = (
        Call("CreateNetworkInterface", ("responseElements.networkInterface.networkInterfaceId",)),
        Call("ModifyNetworkInterfaceAttribute", _INTERFACE),
        Call("ResetNetworkInterfaceAttribute", _INTERFACE),
        Call("AttachNetworkInterface", _INTERFACE),
        Call("AssignPrivateIpAddresses", _INTERFACE),
        Call("UnassignPrivateIpAddresses", _INTERFACE),
        Call("AssignIpv6Addresses", _INTERFACE),
        Call("UnassignIpv6Addresses", _INTERFACE),
        Call("AssociateAddress", _INTERFACE),
        Call("DeleteNetworkInterface", _INTERFACE, deletes=True),
    )

    @classmethod
    def name_of(cls, row: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        """The tag's, or what whoever made it wrote there."""
        return tags.get("Name") or str(row.get("Description", ""))

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """Addresses, groups, and whose it is."""
        return {
            "description": row.get("Description", ""),
            "type": row.get("InterfaceType"),
            "owner": row.get("OwnerId"),
            "requester": row.get("RequesterId"),
            "requester_managed": row.get("RequesterManaged", False),
            "used_by": _user_of(row, access),
            "vpc": row.get("VpcId"),
            "subnet": row.get("SubnetId"),
            "zone": row.get("AvailabilityZone"),
            "mac": row.get("MacAddress"),
            "source_dest_check": row.get("SourceDestCheck"),
            "groups": group_ids(row.get("Groups")),
            "addresses": _addresses(row),
            "ipv6_addresses": [inner["Ipv6Address"] for inner in row.get("Ipv6Addresses", [])],
            "prefixes": [
                *(inner["Ipv4Prefix"] for inner in row.get("Ipv4Prefixes", [])),
                *(inner["Ipv6Prefix"] for inner in row.get("Ipv6Prefixes", [])),
            ],
            "attachment": _attachment(row.get("Attachment")),
        }

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Its groups and subnet, and whose it is."""
        for group in config["groups"]:
            yield Link("security group", group)
        for kind in ("subnet", "vpc"):
            if config[kind]:
                yield Link(kind, config[kind])
        if config["used_by"] and config["used_by"]["id"]:
            yield Link("used by", config["used_by"]["id"])

    @classmethod
    def networks(cls, config: Mapping[str, Any]) -> Iterator[Network]:
        """Every address that it has."""
        for row in config["addresses"]:
            yield Network("has", row["address"], "primary" if row["primary"] else "secondary")
            if row["public"]:
                yield Network("has", row["public"], f"public, of {row['address']}")
        for address in config["ipv6_addresses"]:
            yield Network("has", address)
        for prefix in config["prefixes"]:
            yield Network("has", prefix, "delegated prefix")

    @classmethod
    def words(cls, path: str, element: Mapping[str, Any]) -> str:
        """An address: `10.1.2.3, public 192.0.2.1`."""
        if path != "addresses":
            return ""
        public = f", public {element['public']}" if element.get("public") else ""
        return f"{element['address']}{public}"


def _addresses(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for inner in row.get("PrivateIpAddresses", []):
        association = inner.get("Association") or {}
        found.append(
            {
                "address": inner.get("PrivateIpAddress"),
                "primary": inner.get("Primary", False),
                "public": association.get("PublicIp"),
                "public_owner": association.get("IpOwnerId"),
            }
        )
    return [inner for inner in found if inner["address"]]


def _attachment(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not row:
        return None
    return {
        "instance": row.get("InstanceId"),
        "instance_owner": row.get("InstanceOwnerId"),
        "device_index": row.get("DeviceIndex"),
        "delete_on_termination": row.get("DeleteOnTermination"),
    }


def _user_of(row: Mapping[str, Any], access: Access) -> dict[str, Any] | None:
    """The service whose it is, and the resource's id where that is written down."""
    description = str(row.get("Description", ""))
    if found := _BALANCER.fullmatch(description):
        name = found[1]
        arn = (
            f"arn:{access.partition}:elasticloadbalancing:{access.region}:{access.account_id}"
            f":loadbalancer/{name}"
        )
        return {"service": "load balancer", "id": arn if "/" in name else name}
    if found := _FUNCTION.fullmatch(description):
        return {"service": "lambda", "id": found[1]}
    instance = (row.get("Attachment") or {}).get("InstanceId")
    if instance:
        return {"service": "instance", "id": instance}
    service = _REQUESTERS.get(str(row.get("RequesterId"))) or next(
        (name for start, name in _DESCRIBED.items() if description.startswith(start)), None
    )
    kind = str(row.get("InterfaceType") or "interface").replace("_", " ")
    if service is None and kind == "interface":
        return None
    last = description.rpartition(" ")[2]
    named = last if last.startswith(("vpce-", "nat-", "fs-", "d-")) else None
    return {"service": service or kind, "id": named}
