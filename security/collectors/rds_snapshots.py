"""Snapshots of databases and of clusters that are shared; the resource id is the end of the ARN.

Source: DescribeDBSnapshots, DescribeDBClusterSnapshots and their attributes in the Amazon RDS API
reference. Only those that people took can be shared. RDS has no listing of the public ones of an
account.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

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

_NAME = ("requestParameters.dBSnapshotIdentifier",)
_CLUSTER_NAME = ("requestParameters.dBClusterSnapshotIdentifier",)
_MANUAL: Mapping[str, Any] = {"SnapshotType": "manual"}


class _Kind(NamedTuple):
    """How one of both kinds is asked for."""

    prefix: str  # of the resource id
    rows: str
    name: str
    source: str
    encrypted: str
    action: str
    operation: str
    describe: Callable[[Any, str], Any]
    attributes: Callable[[Any, str], Any]


_KINDS = (
    _Kind(
        "snapshot:",
        "DBSnapshots",
        "DBSnapshotIdentifier",
        "DBInstanceIdentifier",
        "Encrypted",
        "rds:DescribeDBSnapshotAttributes",
        "describe_db_snapshots",
        lambda rds, name: rds.describe_db_snapshots(DBSnapshotIdentifier=name),
        lambda rds, name: rds.describe_db_snapshot_attributes(DBSnapshotIdentifier=name)[
            "DBSnapshotAttributesResult"
        ]["DBSnapshotAttributes"],
    ),
    _Kind(
        "cluster-snapshot:",
        "DBClusterSnapshots",
        "DBClusterSnapshotIdentifier",
        "DBClusterIdentifier",
        "StorageEncrypted",
        "rds:DescribeDBClusterSnapshotAttributes",
        "describe_db_cluster_snapshots",
        lambda rds, name: rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name),
        lambda rds, name: rds.describe_db_cluster_snapshot_attributes(
            DBClusterSnapshotIdentifier=name
        )["DBClusterSnapshotAttributesResult"]["DBClusterSnapshotAttributes"],
    ),
)


class DbSnapshots(SharedCollector):
    """Databases as they were, and for whom."""

    slug = "aws.rds.snapshot"
    label = "Shared snapshots of databases"
    noun = "snapshot"
    service = "rds"
    interval = timedelta(minutes=30)
    actions = (
        "rds:DescribeDBSnapshots",
        "rds:DescribeDBSnapshotAttributes",
        "rds:DescribeDBClusterSnapshots",
        "rds:DescribeDBClusterSnapshotAttributes",
    )
    gone = (
        "DBSnapshotNotFound",
        "DBSnapshotNotFoundFault",
        "DBClusterSnapshotNotFound",
        "DBClusterSnapshotNotFoundFault",
    )
    event_source = "rds"
    calls = (
        Call("ModifyDBSnapshotAttribute", _NAME),
        Call("ModifyDBClusterSnapshotAttribute", _CLUSTER_NAME),
        Call("DeleteDBSnapshot", ("responseElements.dBSnapshotArn",), deletes=True),
        Call("DeleteDBClusterSnapshot", ("responseElements.dBClusterSnapshotArn",), deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All of both kinds."""
        for kind in _KINDS:
            pages = access.pages("rds", kind.operation, kind.rows, **_MANUAL)
            yield from found_in(partial(_found, kind=kind, access=access), pages)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One snapshot; a bare name, as events have it, is looked for among both kinds."""
        for kind in _KINDS:
            name = resource_id.removeprefix(kind.prefix)
            if ":" in name:
                continue
            forget_sharing(access, f"{kind.prefix}{name}")
            try:
                answer = unless_gone(partial(kind.describe, access.client("rds"), name), cls.gone)
            except Gone:
                continue
            return _found(answer[kind.rows][0], kind, access)
        raise Gone(f"There is no snapshot {resource_id}.")

    @classmethod
    def resource_of(cls, identifier: str) -> str:
        """The end of an ARN; names stay what they are."""
        return identifier.split(":", 5)[5] if identifier.startswith("arn:") else identifier


def _found(row: Mapping[str, Any], kind: _Kind, access: Access) -> Found:
    """Raises Gone when there is no such snapshot any more."""
    name, tags = row[kind.name], tag_table(row.get("TagList"))
    identifier = f"{kind.prefix}{name}"
    ask = partial(
        facet,
        lambda: _sharing(kind.attributes(access.client("rds"), name)),
        action=kind.action,
        gone=DbSnapshots.gone,
    )
    return Found(
        resource_id=identifier,
        arn=f"arn:{access.partition}:rds:{access.region}:{access.account_id}:{identifier}",
        name=name,
        tags=tags,
        config={
            "source": row.get(kind.source),
            "engine": row.get("Engine"),
            "encrypted": row.get(kind.encrypted),
            "kms_key": row.get("KmsKeyId"),
            SHARED: shared_with(access, identifier, ask),
            "tags": tags,
        },
    )


def _sharing(attributes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return sharing(
        value
        for row in attributes
        if row.get("AttributeName") == "restore"
        for value in row.get("AttributeValues", [])
    )
