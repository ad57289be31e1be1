"""Security groups: one row for each rule and peer.

Source: DescribeSecurityGroups in the Amazon EC2 API reference.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from security.cloud import Access, Gone
from security.cloud.errors import says_gone
from security.collectors import Call, Collector, Link, Network
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
_GROUP = ("requestParameters.groupId",)
_MODIFIED = ("requestParameters.ModifySecurityGroupRulesRequest.GroupId", *_GROUP)


class SecurityGroups(Collector):
    """Who may talk to what."""

    slug = "aws.ec2.securitygroup"
    label = "Security groups"
    noun = "security group"
    service = "ec2"
    interval = timedelta(minutes=5)
    shape = Shape(
        sets=("rules",),
        cosmetic=("description", "rules.*.description"),
        keys={"rules": ("direction", "protocol", "from", "to", "kind", "peer")},
    )
    actions = ("ec2:DescribeSecurityGroups",)
    gone = ("InvalidGroup.NotFound", "InvalidGroupId.Malformed")
    event_source = "ec2"
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
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All groups."""
        listing = access.pages(
            "ec2", "describe_security_groups", "SecurityGroups", PaginationConfig={"PageSize": 1000}
        )
        for page in listing:
            yield [_found(group, access) for group in page]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One group."""
        try:
            answer = access.client("ec2").describe_security_groups(GroupIds=[resource_id])
        except ClientError as error:
            if says_gone(error, cls.gone):
                raise Gone(str(error)) from error
            raise
        return _found(answer["SecurityGroups"][0], access)

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


def port_words(rule: Mapping[str, Any]) -> str:
    """The protocol and ports of a rule, such as "tcp 22"."""
    if rule["protocol"] == "all":
        return "all"
    if rule["from"] is None:
        return str(rule["protocol"])
    span = str(rule["from"]) if rule["from"] == rule["to"] else f"{rule['from']}-{rule['to']}"
    return f"{rule['protocol']} {span}"


def _found(group: Mapping[str, Any], access: Access) -> Found:
    identifier = group["GroupId"]
    rules = [
        *_rules("in", group.get("IpPermissions", [])),
        *_rules("out", group.get("IpPermissionsEgress", [])),
    ]
    tags = tag_table(group.get("Tags"))
    return Found(
        resource_id=identifier,
        arn=f"arn:{access.partition}:ec2:{access.region}:{access.account_id}"
        f":security-group/{identifier}",
        name=group.get("GroupName", ""),
        tags=tags,
        config={
            "name": group.get("GroupName", ""),
            "description": group.get("Description", ""),
            "vpc": group.get("VpcId"),
            "owner": group.get("OwnerId"),
            "rules": rules,
            "tags": tags,
        },
    )


def _rules(direction: str, permissions: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """One row for each peer of each permission."""
    for permission in permissions:
        number = str(permission.get("IpProtocol", "-1"))
        base = {
            "direction": direction,
            "protocol": "all" if number == "-1" else _PROTOCOLS.get(number, number),
            "from": permission.get("FromPort"),
            "to": permission.get("ToPort"),
        }
        for kind, peer, row in _peers(permission):
            yield {**base, "kind": kind, "peer": peer, "description": row.get("Description", "")}


def _peers(permission: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for row in permission.get("IpRanges", []):
        yield "ipv4", _network(row["CidrIp"]), row
    for row in permission.get("Ipv6Ranges", []):
        yield "ipv6", _network(row["CidrIpv6"]), row
    for row in permission.get("PrefixListIds", []):
        yield "prefixlist", row["PrefixListId"], row
    for row in permission.get("UserIdGroupPairs", []):
        yield "group", f"{row.get('UserId', '')}/{row.get('GroupId', '')}", row


def _network(text: str) -> str:
    """In network form: 10.1.2.3/8 is 10.0.0.0/8."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text
