"""Images of machines that are shared.

Source: DescribeImages and DescribeImageAttribute in the Amazon EC2 API reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from opsportal.lib.aws import Access, Gone, facet, unless_gone
from security.collectors import Call, found_in
from security.collectors.sharing import (
    SHARED,
    SharedCollector,
    forget_sharing,
    shared_with,
    sharing,
)
from security.collectors.tags import tag_table
from security.normalise import Found

_IMAGE = ("requestParameters.imageId",)


class Images(SharedCollector):
    """Machines to be started, and by whom."""

    slug = "aws.ec2.image"
    label = "Shared images"
    noun = "image"
    service = "ec2"
    interval = timedelta(minutes=30)
    actions = ("ec2:DescribeImages", "ec2:DescribeImageAttribute")
    gone = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable")
    event_source = "ec2"
    calls = (
        Call("ModifyImageAttribute", _IMAGE),
        Call("ResetImageAttribute", _IMAGE),
        Call("DeregisterImage", _IMAGE, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All images of the account."""
        size = {"PageSize": 1000}
        pages = access.pages(
            "ec2", "describe_images", "Images", Owners=["self"], PaginationConfig=size
        )
        yield from found_in(lambda row: _found(row, access), pages)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One image."""
        forget_sharing(access, resource_id)
        ec2 = access.client("ec2")
        answer = unless_gone(lambda: ec2.describe_images(ImageIds=[resource_id]), cls.gone)
        if not answer["Images"]:
            raise Gone(f"There is no image {resource_id}.")
        return _found(answer["Images"][0], access)


def _found(row: Mapping[str, Any], access: Access) -> Found:
    """Raises Gone when there is no such image any more."""
    identifier, tags = row["ImageId"], tag_table(row.get("Tags"))
    ask = partial(
        facet,
        lambda: _asked(access, identifier),
        action="ec2:DescribeImageAttribute",
        gone=Images.gone,
    )
    disks = [disk.get("Ebs", {}) for disk in row.get("BlockDeviceMappings", [])]
    return Found(
        resource_id=identifier,
        arn=f"arn:{access.partition}:ec2:{access.region}::image/{identifier}",
        name=row.get("Name", ""),
        tags=tags,
        config={
            "name": row.get("Name", ""),
            "description": row.get("Description", ""),
            "source": row.get("SourceInstanceId"),
            "snapshots": [disk["SnapshotId"] for disk in disks if "SnapshotId" in disk],
            SHARED: shared_with(access, identifier, ask, public=row.get("Public")),
            "tags": tags,
        },
    )


def _asked(access: Access, identifier: str) -> dict[str, Any]:
    rows = (
        access.client("ec2")
        .describe_image_attribute(ImageId=identifier, Attribute="launchPermission")
        .get("LaunchPermissions", [])
    )
    above = ("OrganizationArn", "OrganizationalUnitArn")
    return sharing(
        (row.get("UserId") or row.get("Group") for row in rows),
        [row[name] for row in rows for name in above if name in row],
    )
