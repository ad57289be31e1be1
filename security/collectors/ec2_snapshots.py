"""Snapshots of disks that are shared.

Source: DescribeSnapshots and DescribeSnapshotAttribute in the Amazon EC2 API reference. Those that
anybody may use are listed by one call.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from opsportal.lib.aws import Access, Unknown, facet, unless_gone
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

_SNAPSHOT = ("requestParameters.snapshotId",)
_OWN: Mapping[str, Any] = {"OwnerIds": ["self"], "PaginationConfig": {"PageSize": 1000}}


class Snapshots(SharedCollector):
    """Disks as they were, and for whom."""

    slug = "aws.ec2.snapshot"
    label = "Shared snapshots of disks"
    noun = "snapshot"
    service = "ec2"
    interval = timedelta(minutes=30)
    actions = ("ec2:DescribeSnapshots", "ec2:DescribeSnapshotAttribute")
    gone = ("InvalidSnapshot.NotFound",)
    event_source = "ec2"
    calls = (
        Call("ModifySnapshotAttribute", _SNAPSHOT),
        Call("ResetSnapshotAttribute", _SNAPSHOT),
        Call("DeleteSnapshot", _SNAPSHOT, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All snapshots of the account."""
        public = facet(
            lambda: {
                row["SnapshotId"]
                for row in access.rows(
                    "ec2", "describe_snapshots", "Snapshots", RestorableByUserIds=["all"], **_OWN
                )
            },
            action="ec2:DescribeSnapshots",
        )
        pages = access.pages("ec2", "describe_snapshots", "Snapshots", **_OWN)
        yield from found_in(lambda row: _found(row, access, public), pages)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One snapshot."""
        forget_sharing(access, resource_id)
        ec2 = access.client("ec2")
        answer = unless_gone(lambda: ec2.describe_snapshots(SnapshotIds=[resource_id]), cls.gone)
        return _found(answer["Snapshots"][0], access, Unknown(""))


def _found(row: Mapping[str, Any], access: Access, public: set[str] | Unknown) -> Found:
    """Raises Gone when there is no such snapshot any more."""
    identifier, tags = row["SnapshotId"], tag_table(row.get("Tags"))
    ask = partial(
        facet,
        lambda: _asked(access, identifier),
        action="ec2:DescribeSnapshotAttribute",
        gone=Snapshots.gone,
    )
    said = None if isinstance(public, Unknown) else identifier in public
    return Found(
        resource_id=identifier,
        arn=f"arn:{access.partition}:ec2:{access.region}::snapshot/{identifier}",
        name=tags.get("Name", ""),
        tags=tags,
        config={
            "description": row.get("Description", ""),
            "source": row.get("VolumeId"),
            "encrypted": row.get("Encrypted"),
            "kms_key": row.get("KmsKeyId"),
            SHARED: shared_with(access, identifier, ask, public=said),
            "tags": tags,
        },
    )


def _asked(access: Access, identifier: str) -> dict[str, Any]:
    answer = access.client("ec2").describe_snapshot_attribute(
        SnapshotId=identifier, Attribute="createVolumePermission"
    )
    rows = answer.get("CreateVolumePermissions", [])
    return sharing(row.get("UserId") or row.get("Group") for row in rows)
