"""Users: what they may do. Their passwords and keys are `iam_credentials`.

Source: UserDetail in the IAM API reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, facet, unless_gone
from security.collectors import Call, Link
from security.collectors.iam import (
    IamCollector,
    ask_attached,
    ask_inline,
    attached_of,
    boundary_of,
    details,
    inline_of,
    policy_links,
)
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

_USER = ("requestParameters.userName",)


class Users(IamCollector):
    """People and programs with lasting credentials."""

    slug = "aws.iam.user"
    label = "IAM users"
    noun = "user"
    shape = Shape(sets=("attached", "groups"), policies=("inline.*",))
    actions = (
        "iam:GetAccountAuthorizationDetails",
        "iam:GetUser",
        "iam:ListUserPolicies",
        "iam:GetUserPolicy",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
    )
    calls = (
        Call("CreateUser", _USER),
        # With another name it is the old one that is gone.
        Call("UpdateUser", _USER),
        Call("UpdateUser", ("requestParameters.newUserName", *_USER)),
        Call("PutUserPolicy", _USER),
        Call("DeleteUserPolicy", _USER),
        Call("AttachUserPolicy", _USER),
        Call("DetachUserPolicy", _USER),
        Call("PutUserPermissionsBoundary", _USER),
        Call("DeleteUserPermissionsBoundary", _USER),
        Call("AddUserToGroup", _USER),
        Call("RemoveUserFromGroup", _USER),
        Call("TagUser", _USER),
        Call("UntagUser", _USER),
        Call("DeleteUser", _USER, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All users."""
        for page in details(access, "User", "UserDetailList"):
            yield [
                _found(
                    row,
                    inline=inline_of(row.get("UserPolicyList")),
                    attached=attached_of(row.get("AttachedManagedPolicies")),
                    groups=list(row.get("GroupList", ())),
                )
                for row in page
            ]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One user."""
        iam, who = access.client("iam"), {"UserName": resource_id}
        return _found(
            unless_gone(lambda: iam.get_user(**who), cls.gone)["User"],
            inline=ask_inline(access, "user", iam.get_user_policy, **who),
            attached=ask_attached(access, "user", **who),
            groups=facet(
                lambda: [
                    row["GroupName"]
                    for row in access.rows("iam", "list_groups_for_user", "Groups", **who)
                ],
                action="iam:ListGroupsForUser",
                gone=cls.gone,
            ),
        )

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Its policies and groups."""
        yield from policy_links(config)
        for name in config.get("groups") or ():
            yield Link("group", name)


def _found(row: Mapping[str, Any], **facets: Any) -> Found:
    tags = tag_table(row.get("Tags"))
    return Found(
        resource_id=row["UserName"],
        arn=row["Arn"],
        name=row["UserName"],
        unique_id=row["UserId"],
        tags=tags,
        config={
            "path": row["Path"],
            "user_id": row["UserId"],
            "created_at": row["CreateDate"],
            "boundary": boundary_of(row),
            "tags": tags,
            **facets,
        },
    )
