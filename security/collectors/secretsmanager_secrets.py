"""Secrets of Secrets Manager: their policies and how they are kept, and never what they hold.

Source: ListSecrets, DescribeSecret and GetResourcePolicy in the AWS Secrets Manager API reference.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, facet, unless_gone
from security.collectors import Call, Collector, Link, found_in
from security.collectors.arns import resource_of_arn
from security.collectors.casing import snake_case
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

_SECRET = ("requestParameters.secretId",)
# What AWS puts behind the name in the ARN.
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}\Z")


class Secrets(Collector):
    """Who may read a secret, and what keeps it."""

    slug = "aws.secretsmanager.secret"
    label = "Secrets"
    noun = "secret"
    service = "secretsmanager"
    shape = Shape(policies=("policy",), cosmetic=("description",))
    actions = (
        "secretsmanager:ListSecrets",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetResourcePolicy",
    )
    gone = ("ResourceNotFoundException",)
    event_source = "secretsmanager"
    calls = (
        Call("CreateSecret", ("requestParameters.name",)),
        Call("PutResourcePolicy", _SECRET),
        Call("DeleteResourcePolicy", _SECRET),
        Call("UpdateSecret", _SECRET),
        Call("RotateSecret", _SECRET),
        Call("CancelRotateSecret", _SECRET),
        Call("DeleteSecret", _SECRET),
        Call("RestoreSecret", _SECRET),
        Call("TagResource", _SECRET),
        Call("UntagResource", _SECRET),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All secrets, also those whose deletion is planned."""
        pages = access.pages(
            "secretsmanager", "list_secrets", "SecretList", IncludePlannedDeletion=True
        )
        yield from found_in(lambda row: _found(row, access), pages)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One secret."""
        client = access.client("secretsmanager")
        row = unless_gone(lambda: client.describe_secret(SecretId=resource_id), cls.gone)
        return _found(row, access)

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """The key, and the function that rotates it."""
        if config.get("kms_key"):
            yield Link("key", resource_of_arn(config["kms_key"]))
        if function := config["rotation"].get("function"):
            yield Link("rotated by", resource_of_arn(function))

    @classmethod
    def resource_of(cls, identifier: str) -> str:
        """The name, also of an ARN."""
        if ":secret:" not in identifier:
            return identifier
        return _SUFFIX.sub("", identifier.partition(":secret:")[2])


def _found(row: Mapping[str, Any], access: Access) -> Found:
    """Raises Gone when there is no such secret any more."""
    client, tags = access.client("secretsmanager"), tag_table(row.get("Tags"))
    return Found(
        resource_id=row["Name"],
        arn=row["ARN"],
        name=row["Name"],
        tags=tags,
        config={
            "description": row.get("Description", ""),
            "kms_key": row.get("KmsKeyId"),
            "rotation": {
                "enabled": bool(row.get("RotationEnabled")),
                "function": row.get("RotationLambdaARN"),
                "rules": snake_case(row.get("RotationRules")),
            },
            "owning_service": row.get("OwningService"),
            "primary_region": row.get("PrimaryRegion"),
            # When it was marked for it.
            "deleted_at": row.get("DeletedDate"),
            "policy": facet(
                lambda: client.get_resource_policy(SecretId=row["ARN"]).get("ResourcePolicy"),
                action="secretsmanager:GetResourcePolicy",
                gone=Secrets.gone,
            ),
            "tags": tags,
        },
    )
