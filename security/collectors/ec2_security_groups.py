"""Security groups: one row for each rule and peer.

Source: DescribeSecurityGroups in the Amazon EC2 API reference.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from opsportal.lib.aws import Access
from security.collectors import Call, Link, Network
from security.collectors.ec2 import Ec2Collector
from security.collectors.protocols import port_words, protocol_name
from security.normalise import Shape

_GROUP = ("requestParameters.groupId",)
_MODIFIED = ("requestParameters.ModifySecurityGroupRulesRequest.GroupId", *_GROUP)


class SecurityGroups(Ec2Collector):
    """Who may talk to what."""

    slug = "aws.ec2.securitygroup"
    label = "Security groups"
    noun = "security group"
    operation, rows = "describe_security_groups", "SecurityGroups"
    key, ids, resource_type = "GroupId", "GroupIds", "security-group"
    interval = timedelta(minutes=5)
    shape = Shape(
        sets=("rules",),
        cosmetic=("description", "rules.*.description"),
        keys={"rules": ("direction", "protocol", "from", "to", "kind", "peer")},
    )
    actions = ("ec2:DescribeSecurityGroups",)
    gone = ("InvalidGroup.NotFound", "InvalidGroupId.Malformed")
    calls = (
        Call("AuthorizeSecurityGroupIngress", _GROUP),
        Call("AuthorizeSecurityGroupEgress", _GROUP),
        Call("RevokeSecurityGroupIngress", _GROUP),
        Call("RevokeSecurityGroupEgress", _GROUP),
        Call("ModifySecurityGroupRules", _MODIFIED),
        Call("UpdateSecurityGroupRuleDescriptionsIngress", _GROUP),
        Call("UpdateSecurityGroupRuleDescriptionsEgress", _GROUP),
        Call("CreateSecurityGroup", ("responseElements.groupId",)),
        Call("DeleteSecurityGroup", _GROUP, deletes=True),
    )  # fmt: skip

    @classmethod
    def name_of(cls, row: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        """Its own, not a tag's."""
        return str(row.get("GroupName", ""))

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """A row for each rule and peer."""
        return {
            "name": row.get("GroupName", ""),
            "description": row.get("Description", ""),
            "vpc": row.get("VpcId"),
            "owner": row.get("OwnerId"),
            "rules": [
                *_rules("in", row.get("IpPermissions", []), access.account_id),
                *_rules("out", row.get("IpPermissionsEgress", []), access.account_id),
            ],
        }

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Its VPC, and the peers that are groups or prefix lists."""
        if config.get("vpc"):
            yield Link("vpc", config["vpc"])
        for rule in config["rules"]:
            if rule["kind"] == "group":
                yield Link("peer", rule["peer"].rpartition("/")[2])
            elif rule["kind"] == "prefixlist":
                yield Link("prefix list", rule["peer"])

    @classmethod
    def networks(cls, config: Mapping[str, Any]) -> Iterator[Network]:
        """Whom it admits, and whom it reaches."""
        for rule in config["rules"]:
            if rule["kind"] in ("ipv4", "ipv6"):
                role = "admits" if rule["direction"] == "in" else "reaches"
                yield Network(role, rule["peer"], port_words(rule))

    @classmethod
    def words(cls, path: str, element: Mapping[str, Any]) -> str:
        """A rule: `in tcp 22 ipv4 10.0.0.0/8 "office"`."""
        if path != "rules":
            return ""
        note = element.get("description")
        said = (element["direction"], port_words(element), element["kind"], element["peer"])
        return " ".join([*said, f'"{note}"'] if note else said)


def _rules(
    direction: str, permissions: Sequence[Mapping[str, Any]], account_id: str
) -> Iterator[dict[str, Any]]:
    """One row for each peer of each permission."""
    for permission in permissions:
        protocol = protocol_name(permission.get("IpProtocol", "-1"))
        base = {
            "direction": direction,
            "protocol": protocol,
            "from": _port(protocol, permission.get("FromPort")),
            "to": _port(protocol, permission.get("ToPort")),
        }
        for kind, peer, row in _peers(permission, account_id):
            yield {**base, "kind": kind, "peer": peer, "description": row.get("Description", "")}


def _port(protocol: str, port: int | None) -> int | None:
    """None for any: AWS says so by -1, by nothing, and for "all" now and then by a number."""
    return None if protocol == "all" or port is None or port < 0 else port


def _peers(
    permission: Mapping[str, Any], account_id: str
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for row in permission.get("IpRanges", []):
        yield "ipv4", _network(row["CidrIp"]), row
    for row in permission.get("Ipv6Ranges", []):
        yield "ipv6", _network(row["CidrIpv6"]), row
    for row in permission.get("PrefixListIds", []):
        yield "prefixlist", row["PrefixListId"], row
    for row in permission.get("UserIdGroupPairs", []):
        # Of another account over a peering the owner is named; a name alone is EC2-Classic's.
        owner = row.get("UserId") or account_id
        yield "group", f"{owner}/{row.get('GroupId') or row.get('GroupName', '')}", row


def _network(text: str) -> str:
    """In network form: 10.1.2.3/8 is 10.0.0.0/8."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text
