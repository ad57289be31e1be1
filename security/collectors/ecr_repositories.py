"""ECR repositories and who may pull from them or push to them.

Source: DescribeRepositories and GetRepositoryPolicy in the Amazon ECR API reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, Unknown, facet, unless_gone
from security.collectors import Call, Collector, Link, found_in
from security.collectors.arns import resource_of_arn
from security.collectors.casing import snake_case
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

_NAME = ("requestParameters.repositoryName",)
_TAGGED = ("requestParameters.resourceArn",)


class Repositories(Collector):
    """Images, and for whom."""

    slug = "aws.ecr.repository"
    label = "ECR repositories"
    noun = "repository"
    service = "ecr"
    shape = Shape(policies=("policy",), sets=("mutability_exceptions",))
    actions = ("ecr:DescribeRepositories", "ecr:GetRepositoryPolicy", "ecr:ListTagsForResource")
    gone = ("RepositoryNotFoundException",)
    event_source = "ecr"
    calls = (
        Call("CreateRepository", _NAME),
        Call("SetRepositoryPolicy", _NAME),
        Call("DeleteRepositoryPolicy", _NAME),
        Call("PutImageTagMutability", _NAME),
        Call("PutImageScanningConfiguration", _NAME),
        Call("TagResource", _TAGGED),
        Call("UntagResource", _TAGGED),
        Call("DeleteRepository", _NAME, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All repositories."""
        pages = access.pages("ecr", "describe_repositories", "repositories")
        yield from found_in(lambda row: _found(row, access), pages)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One repository."""
        ecr = access.client("ecr")
        answer = unless_gone(
            lambda: ecr.describe_repositories(repositoryNames=[resource_id]), cls.gone
        )
        return _found(answer["repositories"][0], access)

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """The key."""
        if key := (config.get("encryption") or {}).get("kms_key"):
            yield Link("key", resource_of_arn(key))

    @classmethod
    def resource_of(cls, identifier: str) -> str:
        """The name at the end of an ARN; names have slashes."""
        return identifier.partition(":repository/")[2] or identifier


def _found(row: Mapping[str, Any], access: Access) -> Found:
    """Raises Gone when there is no such repository any more."""
    ecr, name, arn = access.client("ecr"), row["repositoryName"], row["repositoryArn"]
    tags = facet(
        lambda: tag_table(ecr.list_tags_for_resource(resourceArn=arn)["tags"]),
        action="ecr:ListTagsForResource",
        gone=Repositories.gone,
    )
    return Found(
        resource_id=name,
        arn=arn,
        name=name,
        tags={} if isinstance(tags, Unknown) else tags,
        config={
            "mutability": row.get("imageTagMutability"),
            "mutability_exceptions": snake_case(row.get("imageTagMutabilityExclusionFilters", [])),
            "scan_on_push": row.get("imageScanningConfiguration", {}).get("scanOnPush"),
            "encryption": snake_case(row.get("encryptionConfiguration")),
            "policy": facet(
                lambda: ecr.get_repository_policy(repositoryName=name)["policyText"],
                action="ecr:GetRepositoryPolicy",
                absent=("RepositoryPolicyNotFoundException",),
                gone=Repositories.gone,
            ),
            "tags": tags,
        },
    )
