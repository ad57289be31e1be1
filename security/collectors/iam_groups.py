"""Groups: what their members may do. Who is a member, the users say.

Source: GroupDetail in the IAM API reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, unless_gone
from security.collectors import Call, Link
from security.collectors.iam import (
    IamCollector,
    ask_attached,
    ask_inline,
    attached_of,
    details,
    inline_of,
    policy_links,
)
from security.normalise import Found, Shape

_GROUP = ("requestParameters.groupName",)


class Groups(IamCollector):
    """Policies for several users."""

    slug = "aws.iam.group"
    label = "IAM groups"
    noun = "group of users"
    shape = Shape(sets=("attached",), policies=("inline.*",))
    actions = (
        "iam:GetAccountAuthorizationDetails",
        "iam:GetGroup",
        "iam:ListGroupPolicies",
        "iam:GetGroupPolicy",
        "iam:ListAttachedGroupPolicies",
    )
    calls = (
        Call("CreateGroup", _GROUP),
        # With another name it is the old one that is gone.
        Call("UpdateGroup", _GROUP),
        Call("UpdateGroup", ("requestParameters.newGroupName", *_GROUP)),
        Call("PutGroupPolicy", _GROUP),
        Call("DeleteGroupPolicy", _GROUP),
        Call("AttachGroupPolicy", _GROUP),
        Call("DetachGroupPolicy", _GROUP),
        Call("DeleteGroup", _GROUP, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All groups."""
        for page in details(access, "Group", "GroupDetailList"):
            yield [
                _found(
                    row,
                    inline=inline_of(row.get("GroupPolicyList")),
                    attached=attached_of(row.get("AttachedManagedPolicies")),
                )
                for row in page
            ]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One group."""
        iam, who = access.client("iam"), {"GroupName": resource_id}
        return _found(
            unless_gone(lambda: iam.get_group(MaxItems=1, **who), cls.gone)["Group"],
            inline=ask_inline(access, "group", iam.get_group_policy, **who),
            attached=ask_attached(access, "group", **who),
        )

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Its policies."""
        return policy_links(config)


def _found(row: Mapping[str, Any], **facets: Any) -> Found:
    return Found(
        resource_id=row["GroupName"],
        arn=row["Arn"],
        name=row["GroupName"],
        unique_id=row["GroupId"],
        config={
            "path": row["Path"],
            "group_id": row["GroupId"],
            "created_at": row["CreateDate"],
            **facets,
        },
    )
