"""Managed prefix lists: networks that rules of groups and routes refer to by one id.

Source: DescribeManagedPrefixLists and GetManagedPrefixListEntries in the Amazon EC2 API reference.
AWS's own lists (owner "AWS") are collected like the customer's: groups refer to both.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from security.cloud import Access, Gone, facet
from security.cloud.errors import says_gone
from security.collectors import Call, Collector, Network, found_each
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

_LIST = (
    "requestParameters.ModifyManagedPrefixListRequest.PrefixListId",
    "requestParameters.prefixListId",
)
_MADE = (
    "responseElements.CreateManagedPrefixListResponse.prefixList.prefixListId",
    "responseElements.prefixList.prefixListId",
)


class PrefixLists(Collector):
    """Networks under one name."""

    slug = "aws.ec2.prefixlist"
    label = "Prefix lists"
    noun = "prefix list"
    service = "ec2"
    shape = Shape(
        sets=("entries",),
        ephemeral=("version",),
        cosmetic=("name", "entries.*.description"),
        keys={"entries": ("cidr",)},
    )
    actions = ("ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries")
    gone = ("InvalidPrefixListID.NotFound", "InvalidPrefixListId.NotFound")
    event_source = "ec2"
    calls = (
        Call("ModifyManagedPrefixList", _LIST),
        Call("RestoreManagedPrefixListVersion", _LIST),
        Call("CreateManagedPrefixList", _MADE),
        Call("DeleteManagedPrefixList", _LIST, deletes=True),
    )  # fmt: skip

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All lists, with their entries."""
        listing = access.pages("ec2", "describe_managed_prefix_lists", "PrefixLists")
        for page in listing:
            yield found_each(lambda row: _found(row, access), page)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One list."""
        try:
            answer = access.client("ec2").describe_managed_prefix_lists(PrefixListIds=[resource_id])
        except ClientError as error:
            if says_gone(error, cls.gone):
                raise Gone(str(error)) from error
            raise
        if not answer["PrefixLists"]:
            raise Gone(f"There is no prefix list {resource_id}.")
        return _found(answer["PrefixLists"][0], access)

    @classmethod
    def networks(cls, config: Mapping[str, Any]) -> Iterator[Network]:
        """What it lists."""
        for entry in config.get("entries") or ():
            yield Network("lists", entry["cidr"], entry["description"])

    @classmethod
    def words(cls, path: str, element: Mapping[str, Any]) -> str:
        """An entry: `10.0.0.0/8 "office"`."""
        if path != "entries":
            return ""
        note = element.get("description")
        return f'{element["cidr"]} "{note}"' if note else str(element["cidr"])


def _found(row: Mapping[str, Any], access: Access) -> Found:
    identifier = row["PrefixListId"]
    tags = tag_table(row.get("Tags"))
    return Found(
        resource_id=identifier,
        arn=row.get("PrefixListArn", ""),
        name=row.get("PrefixListName", ""),
        tags=tags,
        config={
            "name": row.get("PrefixListName", ""),
            "owner": row.get("OwnerId"),
            "family": row.get("AddressFamily"),
            "version": row.get("Version"),
            "entries": facet(
                lambda: [
                    {"cidr": entry["Cidr"], "description": entry.get("Description", "")}
                    for entry in access.rows(
                        "ec2", "get_managed_prefix_list_entries", "Entries", PrefixListId=identifier
                    )
                ],
                action="ec2:GetManagedPrefixListEntries",
                gone=PrefixLists.gone,
            ),
            "tags": tags,
        },
    )
