"""Instances.

Source: DescribeInstances in the Amazon EC2 API reference. Terminated ones are listed for an hour,
and are no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from opsportal.lib.aws import Access
from security.collectors import Call, Link, Network
from security.collectors.ec2 import Ec2Collector, group_ids
from security.normalise import Found, Shape

_INSTANCE = ("requestParameters.instanceId",)
_INSTANCES = ("requestParameters.instancesSet.items.*.instanceId",)
_METADATA = (
    "requestParameters.ModifyInstanceMetadataOptionsRequest.InstanceId",
    *_INSTANCE,
)


class Instances(Ec2Collector):
    """Machines."""

    slug = "aws.ec2.instance"
    label = "Instances"
    noun = "instance"
    operation, rows = "describe_instances", "Reservations"
    key, ids, resource_type = "InstanceId", "InstanceIds", "instance"
    options: ClassVar[Mapping[str, Any]] = {"IncludeManagedResources": True}
    shape = Shape(
        sets=("groups", "interfaces", "volumes"),
        # Whether it runs is no configuration: its public address goes when it stops, and AWS
        # calls it launched when it is started again.
        ephemeral=("state", "public_address", "launched_at"),
        operational=("tags", "type", "volumes"),
        keys={"volumes": ("device",)},
    )
    actions = ("ec2:DescribeInstances",)
    gone = ("InvalidInstanceID.NotFound",)
    calls = (
        Call("RunInstances", ("responseElements.instancesSet.items.*.instanceId",)),
        Call("ModifyInstanceAttribute", _INSTANCE),
        Call("ModifyInstanceMetadataOptions", _METADATA),
        Call("AssociateIamInstanceProfile",
             ("requestParameters.AssociateIamInstanceProfileRequest.InstanceId",)),
        Call("AttachVolume", _INSTANCE),
        Call("DetachVolume", _INSTANCE),
        Call("AssociateAddress", _INSTANCE),
        Call("TerminateInstances", _INSTANCES, deletes=True),
    )  # fmt: skip

    @classmethod
    def found_in(cls, rows: Sequence[Mapping[str, Any]], access: Access) -> list[Found]:
        """Those of all reservations."""
        instances = [instance for row in rows for instance in row.get("Instances", [])]
        return super().found_in(instances, access)

    @classmethod
    def is_there(cls, row: Mapping[str, Any]) -> bool:
        """A terminated one is listed for an hour."""
        return row.get("State", {}).get("Name") not in ("shutting-down", "terminated")

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """What it runs, as whom, and who may reach it."""
        options = row.get("MetadataOptions") or {}
        return {
            "state": row.get("State", {}).get("Name"),
            "image": row.get("ImageId"),
            "type": row.get("InstanceType"),
            "platform": row.get("PlatformDetails") or row.get("Platform"),
            "lifecycle": row.get("InstanceLifecycle"),
            "launched_at": row.get("LaunchTime"),
            "key_pair": row.get("KeyName"),
            "profile": (row.get("IamInstanceProfile") or {}).get("Arn"),
            "vpc": row.get("VpcId"),
            "subnet": row.get("SubnetId"),
            "private_address": row.get("PrivateIpAddress"),
            "public_address": row.get("PublicIpAddress"),
            "ipv6_address": row.get("Ipv6Address"),
            "groups": group_ids(row.get("SecurityGroups")),
            "interfaces": [
                inner["NetworkInterfaceId"]
                for inner in row.get("NetworkInterfaces", [])
                if inner.get("NetworkInterfaceId")
            ],
            "source_dest_check": row.get("SourceDestCheck"),
            "metadata": {
                "endpoint": options.get("HttpEndpoint"),
                "tokens": options.get("HttpTokens"),
                "hop_limit": options.get("HttpPutResponseHopLimit"),
                "tags": options.get("InstanceMetadataTags"),
            },
            "monitoring": (row.get("Monitoring") or {}).get("State"),
            "tenancy": (row.get("Placement") or {}).get("Tenancy"),
            "volumes": [
                {
                    "device": inner.get("DeviceName"),
                    "volume": inner.get("Ebs", {}).get("VolumeId"),
                    "delete_on_termination": inner.get("Ebs", {}).get("DeleteOnTermination"),
                }
                for inner in row.get("BlockDeviceMappings", [])
            ],
        }

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Its groups, interfaces, place, image and profile."""
        for group in config["groups"]:
            yield Link("security group", group)
        for interface in config["interfaces"]:
            yield Link("network interface", interface)
        for kind in ("vpc", "subnet", "image", "profile"):
            if config[kind]:
                yield Link("instance profile" if kind == "profile" else kind, config[kind])

    @classmethod
    def networks(cls, config: Mapping[str, Any]) -> Iterator[Network]:
        """Its main addresses; all of them are its interfaces'."""
        for kind in ("private", "public", "ipv6"):
            if config[f"{kind}_address"]:
                yield Network("has", config[f"{kind}_address"], f"instance, {kind}")
