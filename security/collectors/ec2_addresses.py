"""Elastic IP addresses: public addresses that stay the account's until it releases them.

Source: DescribeAddresses in the Amazon EC2 API reference. A name that still leads to one that was
released leads to whoever gets it next.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, Gone, unless_gone
from security.collectors import Call, Collector, Link, Network
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

_ADDRESS = ("requestParameters.allocationId",)


class Addresses(Collector):
    """Public addresses that are kept."""

    slug = "aws.ec2.address"
    label = "Elastic IP addresses"
    noun = "elastic IP address"
    service = "ec2"
    shape = Shape(operational=("tags", "interface", "instance"))
    actions = ("ec2:DescribeAddresses",)
    gone = ("InvalidAllocationID.NotFound",)
    event_source = "ec2"
    calls = (
        Call("AllocateAddress", ("responseElements.allocationId",)),
        Call("AssociateAddress", _ADDRESS),
        # Names the association only: the region's addresses are listed anew.
        Call("DisassociateAddress", ()),
        Call("ReleaseAddress", _ADDRESS, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All addresses; AWS has no pages of them."""
        answer = access.client("ec2").describe_addresses()
        yield [_found(row, access) for row in answer["Addresses"] if "AllocationId" in row]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One address."""
        ask = access.client("ec2").describe_addresses
        rows = unless_gone(lambda: ask(AllocationIds=[resource_id]), cls.gone)["Addresses"]
        if not rows:
            raise Gone(f"There is no address {resource_id}.")
        return _found(rows[0], access)

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """What it leads to."""
        for kind in ("interface", "instance"):
            if config.get(kind):
                yield Link(kind, config[kind])

    @classmethod
    def networks(cls, config: Mapping[str, Any]) -> Iterator[Network]:
        """The address."""
        yield Network("has", config["public_address"])


def _found(row: Mapping[str, Any], access: Access) -> Found:
    identifier, tags = row["AllocationId"], tag_table(row.get("Tags"))
    return Found(
        resource_id=identifier,
        arn=f"arn:{access.partition}:ec2:{access.region}:{access.account_id}"
        f":elastic-ip/{identifier}",
        name=tags.get("Name", row["PublicIp"]),
        tags=tags,
        config={
            "public_address": row["PublicIp"],
            "private_address": row.get("PrivateIpAddress"),
            "instance": row.get("InstanceId") or None,
            "interface": row.get("NetworkInterfaceId") or None,
            "pool": row.get("PublicIpv4Pool"),
            "border_group": row.get("NetworkBorderGroup"),
            "tags": tags,
        },
    )
