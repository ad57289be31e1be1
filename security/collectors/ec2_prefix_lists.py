"""Managed prefix lists: networks that rules of groups and routes refer to by one id.

Source: DescribeManagedPrefixLists and GetManagedPrefixListEntries in the Amazon EC2 API reference.
AWS's own lists (owner "AWS") are collected like the customer's: groups refer to both.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, facet
from security.collectors import Call, Network, found_each
from security.collectors.ec2 import Ec2Collector
from security.normalise import Found, Shape

_LIST = (
    "requestParameters.ModifyManagedPrefixListRequest.PrefixListId",
    "requestParameters.prefixListId",
)
_MADE = (
    "responseElements.CreateManagedPrefixListResponse.prefixList.prefixListId",
    "responseElements.prefixList.prefixListId",
)


class PrefixLists(Ec2Collector):
    """Networks under one name."""

    slug = "aws.ec2.prefixlist"
    label = "Prefix lists"
    noun = "prefix list"
    operation, rows = "describe_managed_prefix_lists", "PrefixLists"
    key, ids, resource_type = "PrefixListId", "PrefixListIds", "prefix-list"
    page_size = 100
    shape = Shape(
        sets=("entries",),
        ephemeral=("version",),
        cosmetic=("name", "entries.*.description"),
        keys={"entries": ("cidr",)},
    )
    actions = ("ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries")
    gone = ("InvalidPrefixListID.NotFound", "InvalidPrefixListId.NotFound")
    calls = (
        Call("ModifyManagedPrefixList", _LIST),
        Call("RestoreManagedPrefixListVersion", _LIST),
        Call("CreateManagedPrefixList", _MADE),
        Call("DeleteManagedPrefixList", _LIST, deletes=True),
    )  # fmt: skip

    @classmethod
    def found_in(cls, rows: Sequence[Mapping[str, Any]], access: Access) -> list[Found]:
        """The entries of each list are asked for, a few at a time."""
        return found_each(lambda row: cls.found(row, access), filter(cls.is_there, rows))

    @classmethod
    def is_there(cls, row: Mapping[str, Any]) -> bool:
        """A deleted list is listed for a while."""
        return row.get("State") != "delete-complete"

    @classmethod
    def name_of(cls, row: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        """Its own, not a tag's."""
        return str(row.get("PrefixListName", ""))

    @classmethod
    def words(cls, path: str, element: Mapping[str, Any]) -> str:
        """An entry: `10.0.0.0/8 "office"`."""
        if path != "entries":
            return ""
        note = element.get("description")
        return f'{element["cidr"]} "{note}"' if note else str(element["cidr"])

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """With its entries."""
        return {
            "name": row.get("PrefixListName", ""),
            "owner": row.get("OwnerId"),
            "family": row.get("AddressFamily"),
            "version": row.get("Version"),
            "entries": facet(
                lambda: [
                    {"cidr": entry["Cidr"], "description": entry.get("Description", "")}
                    for entry in access.rows(
                        "ec2",
                        "get_managed_prefix_list_entries",
                        "Entries",
                        PrefixListId=row["PrefixListId"],
                        PaginationConfig={"PageSize": cls.page_size},
                    )
                ],
                action="ec2:GetManagedPrefixListEntries",
                gone=cls.gone,
            ),
        }

    @classmethod
    def networks(cls, config: Mapping[str, Any]) -> Iterator[Network]:
        """What it lists."""
        for entry in config.get("entries") or ():
            yield Network("lists", entry["cidr"], entry["description"])
