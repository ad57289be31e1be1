"""Databases: instances, and clusters of them.

Source: DescribeDBInstances and DescribeDBClusters in the Amazon RDS API reference. What is pending,
restorable or running at the moment is no configuration.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from opsportal.lib.aws import Access
from security.collectors import Call, Collector, Link, only
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

_INSTANCE = ("requestParameters.dBInstanceIdentifier",)
_CLUSTER = ("requestParameters.dBClusterIdentifier",)
_OPERATIONAL = (
    "tags", "class", "endpoint", "storage_gb", "backup_window", "maintenance_window",
    "engine_version", "multi_az", "parameter_groups", "option_groups", "log_exports", "members",
)  # fmt: skip


class RdsCollector(Collector):
    """Base of both."""

    service = "rds"
    event_source = "rds"
    operation: ClassVar[str]
    rows: ClassVar[str]
    id_option: ClassVar[str]

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All of them."""
        options = {"PaginationConfig": {"PageSize": 100}}
        for page in access.pages("rds", cls.operation, cls.rows, **options):
            yield [cls.found(row, access) for row in page]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One."""
        options = {cls.id_option: resource_id}
        return cls.found(
            only(access, "rds", cls.operation, cls.rows, gone=cls.gone, **options), access
        )

    @classmethod
    def found(cls, row: Mapping[str, Any], access: Access) -> Found:
        """One row, translated."""
        raise NotImplementedError

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """What guards it, where it is, and its key."""
        for group in config["groups"]:
            yield Link("security group", group)
        for subnet in config.get("subnets", ()):
            yield Link("subnet", subnet)
        if config["kms_key"]:
            yield Link("key", config["kms_key"])
        if config.get("cluster"):
            yield Link("cluster", config["cluster"])


class DbInstances(RdsCollector):
    """Single database servers, also those of a cluster."""

    slug = "aws.rds.instance"
    label = "RDS instances"
    noun = "database instance"
    operation, rows, id_option = "describe_db_instances", "DBInstances", "DBInstanceIdentifier"
    shape = Shape(
        sets=("groups", "subnets", "parameter_groups", "option_groups", "log_exports", "replicas",
              "roles"),
        secrets=("master_user",),
        operational=_OPERATIONAL,
    )  # fmt: skip
    actions = ("rds:DescribeDBInstances",)
    gone = ("DBInstanceNotFound", "DBInstanceNotFoundFault")
    calls = (
        Call("CreateDBInstance", _INSTANCE),
        Call("CreateDBInstanceReadReplica", _INSTANCE),
        Call("RestoreDBInstanceFromDBSnapshot", _INSTANCE),
        Call("RestoreDBInstanceToPointInTime", ("requestParameters.targetDBInstanceIdentifier",)),
        Call("ModifyDBInstance", _INSTANCE),
        Call("PromoteReadReplica", _INSTANCE),
        Call("AddRoleToDBInstance", _INSTANCE),
        Call("RemoveRoleFromDBInstance", _INSTANCE),
        Call("DeleteDBInstance", _INSTANCE),
    )

    @classmethod
    def found(cls, row: Mapping[str, Any], access: Access) -> Found:
        """One row, translated."""
        endpoint = row.get("Endpoint") or {}
        place = row.get("DBSubnetGroup") or {}
        return Found(
            resource_id=str(row["DBInstanceIdentifier"]),
            arn=row.get("DBInstanceArn", ""),
            name=str(row["DBInstanceIdentifier"]),
            tags=tag_table(row.get("TagList")),
            config={
                **_both(row),
                "class": row.get("DBInstanceClass"),
                "endpoint": endpoint.get("Address"),
                "port": endpoint.get("Port") or row.get("DbInstancePort"),
                "cluster": row.get("DBClusterIdentifier"),
                "vpc": place.get("VpcId"),
                "subnet_group": place.get("DBSubnetGroupName"),
                "subnets": [inner["SubnetIdentifier"] for inner in place.get("Subnets", [])],
                "parameter_groups": [
                    inner["DBParameterGroupName"] for inner in row.get("DBParameterGroups", [])
                ],
                "option_groups": [
                    inner["OptionGroupName"] for inner in row.get("OptionGroupMemberships", [])
                ],
                "certificate_authority": row.get("CACertificateIdentifier"),
                "auto_minor_upgrade": row.get("AutoMinorVersionUpgrade"),
                "replica_of": row.get("ReadReplicaSourceDBInstanceIdentifier"),
                "replicas": list(row.get("ReadReplicaDBInstanceIdentifiers", [])),
                "monitoring_role": row.get("MonitoringRoleArn"),
            },
        )


class DbClusters(RdsCollector):
    """Aurora, and Multi-AZ clusters."""

    slug = "aws.rds.cluster"
    label = "RDS clusters"
    noun = "database cluster"
    operation, rows, id_option = "describe_db_clusters", "DBClusters", "DBClusterIdentifier"
    shape = Shape(
        sets=("groups", "parameter_groups", "log_exports", "replicas", "roles", "members"),
        secrets=("master_user",),
        operational=_OPERATIONAL,
        keys={"members": ("instance",)},
    )
    actions = ("rds:DescribeDBClusters",)
    gone = ("DBClusterNotFoundFault", "DBClusterNotFound")
    calls = (
        Call("CreateDBCluster", _CLUSTER),
        Call("RestoreDBClusterFromSnapshot", _CLUSTER),
        Call("RestoreDBClusterToPointInTime", _CLUSTER),
        Call("ModifyDBCluster", _CLUSTER),
        Call("AddRoleToDBCluster", _CLUSTER),
        Call("RemoveRoleFromDBCluster", _CLUSTER),
        Call("DeleteDBCluster", _CLUSTER),
    )

    @classmethod
    def found(cls, row: Mapping[str, Any], access: Access) -> Found:
        """One row, translated."""
        return Found(
            resource_id=str(row["DBClusterIdentifier"]),
            arn=row.get("DBClusterArn", ""),
            name=str(row["DBClusterIdentifier"]),
            tags=tag_table(row.get("TagList")),
            config={
                **_both(row),
                "endpoint": row.get("Endpoint"),
                "port": row.get("Port"),
                "subnet_group": row.get("DBSubnetGroup"),
                "parameter_groups": [row["DBClusterParameterGroup"]]
                if row.get("DBClusterParameterGroup")
                else [],
                "data_api": row.get("HttpEndpointEnabled"),
                "replicas": list(row.get("ReadReplicaIdentifiers", [])),
                "members": [
                    {"instance": inner["DBInstanceIdentifier"],
                     "writer": inner.get("IsClusterWriter", False)}
                    for inner in row.get("DBClusterMembers", [])
                ],
            },
        )  # fmt: skip


def _both(row: Mapping[str, Any]) -> dict[str, Any]:
    """What instances and clusters have."""
    return {
        "engine": row.get("Engine"),
        "engine_version": row.get("EngineVersion"),
        "public": row.get("PubliclyAccessible"),
        "groups": [inner["VpcSecurityGroupId"] for inner in row.get("VpcSecurityGroups", [])],
        "encrypted": row.get("StorageEncrypted"),
        "kms_key": row.get("KmsKeyId"),
        "master_user": row.get("MasterUsername"),
        "master_secret": (row.get("MasterUserSecret") or {}).get("SecretArn"),
        "iam_authentication": row.get("IAMDatabaseAuthenticationEnabled"),
        "deletion_protection": row.get("DeletionProtection"),
        "backup_days": row.get("BackupRetentionPeriod"),
        "backup_window": row.get("PreferredBackupWindow"),
        "maintenance_window": row.get("PreferredMaintenanceWindow"),
        "multi_az": row.get("MultiAZ"),
        "storage_gb": row.get("AllocatedStorage"),
        "log_exports": list(row.get("EnabledCloudwatchLogsExports", [])),
        "roles": [inner["RoleArn"] for inner in row.get("AssociatedRoles", [])],
        "network_type": row.get("NetworkType"),
        "tags": tag_table(row.get("TagList")),
    }
