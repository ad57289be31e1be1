"""Checks of users."""

from collections.abc import Iterator

from security.auditors import Auditor, Issue, Item, Verdict, World


class PolicyOnUser(Auditor):
    """IAM-19: rights that a user has by itself, and not by a group."""

    slug = "IAM-19"
    label = "Policy on a user"
    technologies = ("aws.iam.user",)
    reads = ("inline", "attached")
    score = 1
    compliance = ("CIS 2.14",)
    risk = "Rights of single users are forgotten when people change what they do."
    remedy = "Give the rights to a group, and the user to the group."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each policy."""
        for name in item.config["inline"]:
            yield Issue(f"has the inline policy {name}", f"inline/{name}")
        for arn in item.config["attached"]:
            yield Issue(f"{arn} is attached to the user itself", f"attached/{arn}")
