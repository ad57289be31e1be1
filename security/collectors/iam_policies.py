"""Managed policies: the customer's, and those of AWS that are attached to something.

Source: ManagedPolicyDetail, ListPolicies and GetPolicyVersion in the IAM API reference. The
document is that of the default version, which is the one that counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, Gone, Unknown, facet, unless_gone
from security.collectors import Call
from security.collectors.iam import GONE, PAGE, IamCollector, details
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

_POLICY = ("requestParameters.policyArn",)


class Policies(IamCollector):
    """Rights that several principals may hold."""

    slug = "aws.iam.policy"
    label = "IAM policies"
    noun = "policy"
    shape = Shape(policies=("document",))
    actions = (
        "iam:GetAccountAuthorizationDetails",
        "iam:ListPolicies",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
    )
    calls = (
        Call("CreatePolicy", ("responseElements.policy.arn",)),
        Call("CreatePolicyVersion", _POLICY),
        Call("SetDefaultPolicyVersion", _POLICY),
        Call("DeletePolicyVersion", _POLICY),
        Call("TagPolicy", _POLICY),
        Call("UntagPolicy", _POLICY),
        # One of AWS's own is of interest from then on.
        Call("AttachRolePolicy", _POLICY),
        Call("AttachUserPolicy", _POLICY),
        Call("AttachGroupPolicy", _POLICY),
        Call("DeletePolicy", _POLICY, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """The customer's policies, and then AWS's that are attached."""
        for page in details(access, "LocalManagedPolicy", "Policies"):
            yield [_found(row, access, _default(row)) for row in page]
        listing = access.pages(
            "iam", "list_policies", "Policies", Scope="AWS", OnlyAttached=True,
            PaginationConfig=PAGE,
        )  # fmt: skip
        for page in listing:
            yield [_found(row, access) for row in page]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One policy; one of AWS's own that nobody holds is none of the account's."""
        row = unless_gone(
            lambda: access.client("iam").get_policy(PolicyArn=resource_id), cls.gone
        )["Policy"]  # fmt: skip
        held = row.get("AttachmentCount") or row.get("PermissionsBoundaryUsageCount")
        if _is_aws(resource_id) and not held:
            raise Gone(f"Nothing holds {resource_id} here.")
        return _found(row, access)


def _is_aws(arn: str) -> bool:
    return arn.split(":")[4:5] == ["aws"]


def _default(row: Mapping[str, Any]) -> Any:
    """The document of the default version, from a row that has all versions."""
    for version in row.get("PolicyVersionList", ()):
        if version.get("IsDefaultVersion"):
            return version.get("Document")
    return None


def _found(row: Mapping[str, Any], access: Access, document: Any = None) -> Found:
    """What the row leaves out is asked for, unless the policy is known in that version."""
    arn = row["Arn"]
    config = {
        "arn": arn,
        "path": row["Path"],
        "created_at": row["CreateDate"],
        "version": row["DefaultVersionId"],
        "attachable": row.get("IsAttachable"),
    }
    if document is not None:
        config["document"] = document
    if _is_aws(arn) or "Tags" in row:
        config |= _named(row)
    return Found(
        resource_id=arn,
        arn=arn,
        name=arn.rpartition("/")[2],
        tags=config.get("tags", {}),
        config=config,
        more=lambda: _rest(config, access),
        depends=("created_at", "version"),
    )


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"policy_id": row["PolicyId"], "tags": tag_table(row.get("Tags"))}


def _rest(config: Mapping[str, Any], access: Access) -> dict[str, Any]:
    found: dict[str, Any] = {}
    iam, who = access.client("iam"), {"PolicyArn": config["arn"]}
    if "document" not in config:
        found["document"] = facet(
            lambda: iam.get_policy_version(VersionId=config["version"], **who)["PolicyVersion"][
                "Document"
            ],
            action="iam:GetPolicyVersion",
            gone=GONE,
        )
    if "tags" not in config:
        named = facet(
            lambda: _named(iam.get_policy(**who)["Policy"]), action="iam:GetPolicy", gone=GONE
        )
        unknown = isinstance(named, Unknown)
        found |= dict.fromkeys(("policy_id", "tags"), named) if unknown else named
    return found
