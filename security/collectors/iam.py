"""What the technologies of IAM have in common.

Source: GetAccountAuthorizationDetails in the IAM API reference. Each technology asks it for its own
kind of entity (`Filter`), so that nothing is listed twice and each listing is complete by itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from opsportal.lib.aws import Access, facet
from security.collectors import Collector, Link

# The most that IAM gives at once; it may give less.
PAGE = {"PageSize": 1000}
GONE = ("NoSuchEntity",)


class IamCollector(Collector):
    """Base of what IAM has."""

    service = "iam"
    regional = False
    gone: ClassVar[tuple[str, ...]] = GONE
    event_source = "iam"


def details(access: Access, kind: str, key: str) -> Iterator[Sequence[Mapping[str, Any]]]:
    """All entities of a kind, such as "Role", with their policies."""
    return access.pages(
        "iam", "get_account_authorization_details", key, Filter=[kind], PaginationConfig=PAGE
    )


def inline_of(rows: Iterable[Mapping[str, Any]] | None) -> dict[str, Any]:
    """Inline policies by name."""
    return {row["PolicyName"]: row["PolicyDocument"] for row in rows or ()}


def attached_of(rows: Iterable[Mapping[str, Any]] | None) -> list[str]:
    """ARNs of attached policies."""
    return [row["PolicyArn"] for row in rows or ()]


def boundary_of(row: Mapping[str, Any]) -> str | None:
    """The ARN of the permissions boundary."""
    return (row.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")


def ask_inline(access: Access, kind: str, get: Callable[..., Any], **who: str) -> Any:
    """The facet `inline` of one principal; `get` is the client's `get_role_policy` or its like."""
    return facet(
        lambda: {
            name: get(PolicyName=name, **who)["PolicyDocument"]
            for name in access.rows("iam", f"list_{kind}_policies", "PolicyNames", **who)
        },
        action=f"iam:Get{kind.title()}Policy",
        gone=GONE,
    )


def ask_attached(access: Access, kind: str, **who: str) -> Any:
    """The facet `attached` of one principal."""
    listing = f"list_attached_{kind}_policies"
    return facet(
        lambda: attached_of(access.rows("iam", listing, "AttachedPolicies", **who)),
        action=f"iam:ListAttached{kind.title()}Policies",
        gone=GONE,
    )


def policy_links(config: Mapping[str, Any]) -> Iterator[Link]:
    """Attached policies and the boundary: whoever holds a policy is judged anew when it changes."""
    for arn in config.get("attached") or ():
        yield Link("policy", arn)
    if config.get("boundary"):
        yield Link("boundary", config["boundary"])
