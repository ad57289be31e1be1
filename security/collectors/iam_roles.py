"""Roles: who may assume them, and what they may do then.

Source: RoleDetail, and Role for what that leaves out, in the IAM API reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, Unknown, facet, unless_gone
from security.collectors import Call, Link
from security.collectors.iam import (
    PAGE,
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

_ROLE = ("requestParameters.roleName",)


class Roles(IamCollector):
    """Who may act as what."""

    slug = "aws.iam.role"
    label = "IAM roles"
    noun = "role"
    shape = Shape(
        sets=("attached", "instance_profiles"),
        ephemeral=("last_used",),
        policies=("trust", "inline.*"),
        cosmetic=("description",),
    )
    actions = (
        "iam:GetAccountAuthorizationDetails",
        "iam:ListRoles",
        "iam:GetRole",
        "iam:ListRolePolicies",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
    )
    calls = (
        Call("CreateRole", _ROLE),
        Call("UpdateRole", _ROLE),
        Call("UpdateRoleDescription", _ROLE),
        Call("UpdateAssumeRolePolicy", _ROLE),
        Call("PutRolePolicy", _ROLE),
        Call("DeleteRolePolicy", _ROLE),
        Call("AttachRolePolicy", _ROLE),
        Call("DetachRolePolicy", _ROLE),
        Call("PutRolePermissionsBoundary", _ROLE),
        Call("DeleteRolePermissionsBoundary", _ROLE),
        Call("AddRoleToInstanceProfile", _ROLE),
        Call("RemoveRoleFromInstanceProfile", _ROLE),
        Call("TagRole", _ROLE),
        Call("UntagRole", _ROLE),
        Call("CreateServiceLinkedRole", ("responseElements.role.roleName",)),
        # Answers before the role is gone.
        Call("DeleteServiceLinkedRole", _ROLE),
        Call("DeleteRole", _ROLE, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All roles."""
        listed = facet(
            lambda: {
                row["RoleName"]: row
                for row in access.rows("iam", "list_roles", "Roles", PaginationConfig=PAGE)
            },
            action="iam:ListRoles",
        )
        for page in details(access, "Role", "RoleDetailList"):
            yield [_listed(row, listed, access) for row in page]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One role."""
        iam, who = access.client("iam"), {"RoleName": resource_id}
        role = unless_gone(lambda: iam.get_role(**who), cls.gone)["Role"]
        return _found(
            role,
            role,
            inline=ask_inline(access, "role", iam.get_role_policy, **who),
            attached=ask_attached(access, "role", **who),
            instance_profiles=facet(
                lambda: _profiles(
                    access.rows("iam", "list_instance_profiles_for_role", "InstanceProfiles", **who)
                ),
                action="iam:ListInstanceProfilesForRole",
                gone=cls.gone,
            ),
        )

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Its policies, and the profiles by which instances have it."""
        yield from policy_links(config)
        for arn in config.get("instance_profiles") or ():
            yield Link("instance profile", arn)


def _listed(row: Mapping[str, Any], listed: Any, access: Access) -> Found:
    name, more = row["RoleName"], listed
    if not isinstance(listed, Unknown):
        # One that was made meanwhile is asked for.
        more = listed.get(name) or facet(
            lambda: access.client("iam").get_role(RoleName=name)["Role"], action="iam:GetRole"
        )
    return _found(
        row,
        more,
        inline=inline_of(row.get("RolePolicyList")),
        attached=attached_of(row.get("AttachedManagedPolicies")),
        instance_profiles=_profiles(row.get("InstanceProfileList", ())),
    )


def _found(row: Mapping[str, Any], more: Any, **facets: Any) -> Found:
    """`more` has what listings with policies leave out."""
    unknown = isinstance(more, Unknown)
    tags = tag_table(row.get("Tags"))
    used = row.get("RoleLastUsed") or {}
    return Found(
        resource_id=row["RoleName"],
        arn=row["Arn"],
        name=row["RoleName"],
        unique_id=row["RoleId"],
        tags=tags,
        config={
            "path": row["Path"],
            "role_id": row["RoleId"],
            "created_at": row["CreateDate"],
            "description": more if unknown else more.get("Description", ""),
            "max_session": more if unknown else more.get("MaxSessionDuration"),
            "trust": row.get("AssumeRolePolicyDocument"),
            "boundary": boundary_of(row),
            "last_used": {"at": used.get("LastUsedDate"), "region": used.get("Region")},
            "tags": tags,
            **facets,
        },
    )


def _profiles(rows: Any) -> list[str]:
    return [row["Arn"] for row in rows]
