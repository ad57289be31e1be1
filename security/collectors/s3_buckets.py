"""S3 buckets, each asked in its own region.

Source: ListBuckets and the GetBucket operations in the Amazon S3 API reference, whose error codes
say which part is not configured. Directory buckets have a listing of their own and are not here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from opsportal.lib.aws import Access, Unknown, facet
from security.collectors import Call, Collector, Link, found_in
from security.collectors.arns import resource_of_arn
from security.collectors.s3_facets import ACTIONS, FACETS
from security.normalise import Found, Shape

_PAGE = {"PageSize": 1000}
_BUCKET = ("requestParameters.bucketName",)
# What `LocationConstraint` says of the two oldest regions.
_OLDEST = {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}
_CALLS = (
    "CreateBucket", "PutBucketPolicy", "DeleteBucketPolicy", "PutBucketAcl",
    "PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock", "PutBucketEncryption",
    "DeleteBucketEncryption", "PutBucketVersioning", "PutBucketCors", "DeleteBucketCors",
    "PutBucketLogging", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls",
    "PutBucketWebsite", "DeleteBucketWebsite", "PutBucketLifecycle", "DeleteBucketLifecycle",
    "PutBucketLifecycleConfiguration", "PutBucketReplication", "DeleteBucketReplication",
    "PutBucketObjectLockConfiguration", "PutBucketTagging", "DeleteBucketTagging",
    "PutBucketNotification",
)  # fmt: skip


class Buckets(Collector):
    """What is stored, and for whom."""

    slug = "aws.s3.bucket"
    label = "S3 buckets"
    noun = "bucket"
    service = "s3"
    regional = False
    interval = timedelta(minutes=30)
    shape = Shape(
        sets=(
            "acl.grants",
            "cors.*.allowed_headers",
            "cors.*.allowed_methods",
            "cors.*.allowed_origins",
            "cors.*.expose_headers",
            "lifecycle",
            "lifecycle.*.filter.and.tags",
            "lifecycle.*.transitions",
            "lifecycle.*.noncurrent_version_transitions",
            "logging.target_grants",
            "notifications",
            "notifications.*.events",
            "notifications.*.filter",
            "replication.rules",
            "replication.rules.*.filter.and.tags",
        ),
        # The first that fits decides.
        sequences=(
            "cors",
            "encryption",
            "encryption.*.blocked_encryption_types.encryption_type",
            "website.routing_rules",
        ),
        policies=("policy",),
        operational=("tags", "lifecycle"),
        keys={
            "acl.grants": ("grantee", "permission"),
            "lifecycle": ("id",),
            "notifications": ("kind", "id"),
            "replication.rules": ("id",),
        },
    )
    actions = ("s3:ListAllMyBuckets", "s3:GetBucketLocation", *ACTIONS)
    gone = ("NoSuchBucket",)
    event_source = "s3"
    calls = (
        *(Call(name, _BUCKET) for name in _CALLS),
        Call("DeleteBucket", _BUCKET, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All buckets of the account, wherever they are."""
        yield from found_in(
            lambda row: _found(row["Name"], row.get("BucketRegion"), access),
            access.pages("s3", "list_buckets", "Buckets", PaginationConfig=_PAGE),
        )

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One bucket."""
        return _found(resource_id, None, access)

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """What it is encrypted with, and where it sends things."""
        if logging := config.get("logging"):
            yield Link("logs to", logging["target_bucket"])
        for rule in (config.get("replication") or {}).get("rules") or ():
            if target := rule.get("destination", {}).get("bucket"):
                yield Link("replicates to", resource_of_arn(target))
        for rule in config.get("encryption") or ():
            if key := rule.get("apply_server_side_encryption_by_default", {}).get(
                "kms_master_key_id"
            ):
                yield Link("key", resource_of_arn(key))
        for row in config.get("notifications") or ():
            if row["target"]:
                yield Link("notifies", resource_of_arn(row["target"]))


def _found(name: str, region: str | None, access: Access) -> Found:
    """Raises Gone when there is no such bucket any more."""
    where: Any = region or facet(
        lambda: _region(access.client("s3").get_bucket_location(Bucket=name)),
        action="s3:GetBucketLocation",
        gone=Buckets.gone,
    )
    known = where if isinstance(where, str) else ""
    client = replace(access, region=known).client("s3")
    facets = {
        part.name: facet(
            partial(part.ask, client, name),
            action=part.action,
            absent=part.absent,
            gone=Buckets.gone,
        )
        for part in FACETS
    }
    tags = facets["tags"]
    return Found(
        resource_id=name,
        arn=f"arn:{access.partition}:s3:::{name}",
        name=name,
        region=known,
        tags={} if isinstance(tags, Unknown) else tags or {},
        config={"region": where, **facets},
    )


def _region(answer: Mapping[str, Any]) -> str:
    constraint = answer.get("LocationConstraint")
    return _OLDEST.get(constraint) or str(constraint)
