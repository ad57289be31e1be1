"""What the collectors of EC2's own resources have in common: one `Describe` call each.

Source: the `Describe...` actions of the Amazon EC2 API reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from opsportal.lib.aws import Access, Gone
from security.collectors import Collector, only
from security.collectors.tags import tag_table
from security.normalise import Found


class Ec2Collector(Collector):
    """Base of them."""

    service = "ec2"
    event_source = "ec2"
    operation: ClassVar[str]  # such as "describe_vpcs"
    rows: ClassVar[str]  # of the answer, such as "Vpcs"
    key: ClassVar[str]  # of a row, such as "VpcId"
    ids: ClassVar[str]  # of the request, such as "VpcIds"
    # In the ARN.
    resource_type: ClassVar[str]
    page_size: ClassVar[int] = 1000
    options: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All there are."""
        pages = access.pages(
            "ec2", cls.operation, cls.rows,
            PaginationConfig={"PageSize": cls.page_size}, **cls._options(access),
        )  # fmt: skip
        for page in pages:
            yield cls.found_in(page, access)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One."""
        row = only(
            access, "ec2", cls.operation, cls.rows, gone=cls.gone,
            **{cls.ids: [resource_id]}, **cls._options(access),
        )  # fmt: skip
        if not (found := cls.found_in([row], access)):
            raise Gone(f"{resource_id} is listed as deleted.")
        return found[0]

    @classmethod
    def _options(cls, access: Access) -> Mapping[str, Any]:
        """Other partitions get new parameters later, and refuse those that they do not know."""
        return cls.options if access.partition == "aws" else {}

    @classmethod
    def found_in(cls, rows: Sequence[Mapping[str, Any]], access: Access) -> list[Found]:
        """Those of a page that are there: AWS lists some for a while after they are deleted."""
        return [cls.found(row, access) for row in rows if cls.is_there(row)]

    @classmethod
    def is_there(cls, row: Mapping[str, Any]) -> bool:
        """Whether it still exists."""
        return True

    @classmethod
    def found(cls, row: Mapping[str, Any], access: Access) -> Found:
        """One row, translated."""
        identifier = str(row[cls.key])
        tags = tag_table(row.get("Tags") or row.get("TagSet"))
        # Subnets, prefix lists and others may be shared by the account that has them.
        owner = str(row.get("OwnerId") or access.account_id).lower()
        return Found(
            resource_id=identifier,
            arn=f"arn:{access.partition}:ec2:{access.region}:{owner}"
            f":{cls.resource_type}/{identifier}",
            name=cls.name_of(row, tags),
            tags=tags,
            config={**cls.config(row, access), "tags": tags},
        )

    @classmethod
    def name_of(cls, row: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        """What people call it."""
        return tags.get("Name", "")

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """Its facets, without the tags."""
        raise NotImplementedError


def group_ids(rows: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """The ids of security groups, as most answers list them."""
    return [str(row["GroupId"]) for row in rows or ()]
