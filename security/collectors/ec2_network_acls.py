"""Network ACLs: numbered entries, of which the first that matches counts.

Source: DescribeNetworkAcls in the Amazon EC2 API reference.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from opsportal.lib.aws import Access
from security.collectors import Call, Link
from security.collectors.ec2 import Ec2Collector
from security.collectors.protocols import port_words, protocol_name
from security.normalise import Shape

_ACL = ("requestParameters.networkAclId",)


class NetworkAcls(Ec2Collector):
    """Who may enter and leave subnets."""

    slug = "aws.ec2.networkacl"
    label = "Network ACLs"
    noun = "network ACL"
    operation, rows = "describe_network_acls", "NetworkAcls"
    key, ids, resource_type = "NetworkAclId", "NetworkAclIds", "network-acl"
    interval = timedelta(minutes=15)
    # Their number says when entries are asked, not where they are listed.
    shape = Shape(sets=("entries", "subnets"), keys={"entries": ("direction", "number")})
    actions = ("ec2:DescribeNetworkAcls",)
    gone = ("InvalidNetworkAclID.NotFound", "InvalidNetworkAclId.NotFound")
    calls = (
        Call("CreateNetworkAcl", ("responseElements.networkAcl.networkAclId",)),
        Call("CreateNetworkAclEntry", _ACL),
        Call("ReplaceNetworkAclEntry", _ACL),
        Call("DeleteNetworkAclEntry", _ACL),
        Call("ReplaceNetworkAclAssociation", _ACL),
        Call("DeleteNetworkAcl", _ACL, deletes=True),
    )

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """Entries and subnets."""
        return {
            "vpc": row.get("VpcId"),
            "owner": row.get("OwnerId"),
            "default": row.get("IsDefault", False),
            "entries": [_entry(entry) for entry in row.get("Entries", [])],
            "subnets": [inner["SubnetId"] for inner in row.get("Associations", [])],
        }

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Its VPC and subnets."""
        if config["vpc"]:
            yield Link("vpc", config["vpc"])
        for subnet in config["subnets"]:
            yield Link("subnet", subnet)

    @classmethod
    def words(cls, path: str, element: Mapping[str, Any]) -> str:
        """An entry: `in 100 allow tcp 22 10.0.0.0/8`."""
        if path != "entries":
            return ""
        said = [element["direction"], str(element["number"]), element.get("action")]
        if {"protocol", "from", "to"} <= element.keys():
            said.append(port_words(element))
        return " ".join(filter(None, [*said, element.get("cidr")]))


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    ports = entry.get("PortRange") or {}
    pings = entry.get("IcmpTypeCode") or {}
    return {
        "direction": "out" if entry.get("Egress") else "in",
        "number": entry["RuleNumber"],
        "action": entry.get("RuleAction"),
        "protocol": protocol_name(entry.get("Protocol", "-1")),
        "from": ports.get("From"),
        "to": ports.get("To"),
        "icmp_type": pings.get("Type"),
        "icmp_code": pings.get("Code"),
        "cidr": entry.get("CidrBlock") or entry.get("Ipv6CidrBlock"),
    }
