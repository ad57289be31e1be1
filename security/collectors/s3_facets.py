"""The parts of a bucket's configuration: how each is asked for, and what says that it is not set.

Source: "List of error codes" and the GetBucket operations in the Amazon S3 API reference.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from security.collectors.casing import snake_case
from security.collectors.tags import tag_table

_KINDS = {
    "topic": ("TopicConfigurations", "TopicArn"),
    "queue": ("QueueConfigurations", "QueueArn"),
    "function": ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
}


class Part(NamedTuple):
    """One part: `ask` gets a client and the bucket's name."""

    name: str
    action: str
    ask: Callable[[Any, str], Any]
    absent: tuple[str, ...] = ()


def _acl(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "owner": answer.get("Owner", {}).get("ID"),
        "grants": [
            {
                "kind": row["Grantee"].get("Type"),
                "grantee": row["Grantee"].get("ID")
                or row["Grantee"].get("URI")
                or row["Grantee"].get("EmailAddress"),
                "permission": row.get("Permission"),
            }
            for row in answer.get("Grants", [])
        ],
    }


def _logging(answer: Mapping[str, Any]) -> Any:
    return snake_case(answer.get("LoggingEnabled")) or None


def _versioning(answer: Mapping[str, Any]) -> Any:
    status = answer.get("Status")
    # A bucket where it was never switched on has none.
    return {"status": status, "mfa_delete": answer.get("MFADelete")} if status else None


def _website(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "redirect_all": snake_case(answer.get("RedirectAllRequestsTo")),
        "index": answer.get("IndexDocument", {}).get("Suffix"),
        "error": answer.get("ErrorDocument", {}).get("Key"),
        "routing_rules": snake_case(answer.get("RoutingRules", [])),
    }


def _notifications(answer: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    return list(_notified(answer)) or None


def _notified(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for kind, (rows, target) in _KINDS.items():
        for row in answer.get(rows, []):
            yield {
                "kind": kind,
                "id": row.get("Id", ""),
                "target": row.get(target, ""),
                "events": row.get("Events", []),
                "filter": [
                    f"{rule.get('Name', '').lower()}={rule.get('Value', '')}"
                    for rule in row.get("Filter", {}).get("Key", {}).get("FilterRules", [])
                ],
            }
    if "EventBridgeConfiguration" in answer:
        yield {"kind": "eventbridge", "id": "", "target": "", "events": [], "filter": []}


FACETS = (
    Part("acl", "s3:GetBucketAcl", lambda s3, name: _acl(s3.get_bucket_acl(Bucket=name))),
    Part(
        "policy",
        "s3:GetBucketPolicy",
        lambda s3, name: s3.get_bucket_policy(Bucket=name)["Policy"],
        ("NoSuchBucketPolicy",),
    ),
    Part(
        "policy_status",
        "s3:GetBucketPolicyStatus",
        lambda s3, name: snake_case(s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"]),
        ("NoSuchBucketPolicy",),
    ),
    Part(
        "public_access_block",
        "s3:GetBucketPublicAccessBlock",
        lambda s3, name: snake_case(
            s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        ),
        ("NoSuchPublicAccessBlockConfiguration",),
    ),
    Part(
        "ownership",
        "s3:GetBucketOwnershipControls",
        lambda s3, name: s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"][
            "Rules"
        ][0]["ObjectOwnership"],
        ("OwnershipControlsNotFoundError",),
    ),
    Part(
        "encryption",
        "s3:GetEncryptionConfiguration",
        lambda s3, name: snake_case(
            s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        ),
        ("ServerSideEncryptionConfigurationNotFoundError",),
    ),
    Part(
        "versioning",
        "s3:GetBucketVersioning",
        lambda s3, name: _versioning(s3.get_bucket_versioning(Bucket=name)),
    ),
    Part(
        "logging",
        "s3:GetBucketLogging",
        lambda s3, name: _logging(s3.get_bucket_logging(Bucket=name)),
    ),
    Part(
        "cors",
        "s3:GetBucketCORS",
        lambda s3, name: snake_case(s3.get_bucket_cors(Bucket=name)["CORSRules"]),
        ("NoSuchCORSConfiguration",),
    ),
    Part(
        "lifecycle",
        "s3:GetLifecycleConfiguration",
        lambda s3, name: snake_case(
            s3.get_bucket_lifecycle_configuration(Bucket=name).get("Rules", [])
        ),
        ("NoSuchLifecycleConfiguration",),
    ),
    Part(
        "website",
        "s3:GetBucketWebsite",
        lambda s3, name: _website(s3.get_bucket_website(Bucket=name)),
        ("NoSuchWebsiteConfiguration",),
    ),
    Part(
        "replication",
        "s3:GetReplicationConfiguration",
        lambda s3, name: snake_case(
            s3.get_bucket_replication(Bucket=name)["ReplicationConfiguration"]
        ),
        ("ReplicationConfigurationNotFoundError",),
    ),
    Part(
        "object_lock",
        "s3:GetBucketObjectLockConfiguration",
        lambda s3, name: snake_case(
            s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
        ),
        ("ObjectLockConfigurationNotFoundError",),
    ),
    Part(
        "notifications",
        "s3:GetBucketNotification",
        lambda s3, name: _notifications(s3.get_bucket_notification_configuration(Bucket=name)),
    ),
    Part(
        "tags",
        "s3:GetBucketTagging",
        lambda s3, name: tag_table(s3.get_bucket_tagging(Bucket=name)["TagSet"]),
        ("NoSuchTagSet", "NoSuchTagSetError"),
    ),
)
ACTIONS = tuple(part.action for part in FACETS)
