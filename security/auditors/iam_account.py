"""Checks of accounts: their own user, the password policy, and whether calls are written down."""

from collections.abc import Iterator, Mapping
from typing import Any

from security.auditors import Auditor, Issue, Item, Undecided, Verdict, World

_ACCOUNT = ("aws.iam.account",)
_TRAIL = "aws.cloudtrail.trail"
MINIMUM_LENGTH, REUSE_PREVENTION = 14, 24


class RootAccessKeys(Auditor):
    """IAM-01: the account's own user has keys."""

    slug = "IAM-01"
    label = "Access keys of the root user"
    technologies = _ACCOUNT
    reads = ("summary",)
    score = 10
    compliance = ("CIS 2.3",)
    risk = "Whoever has such a key may do anything, and no policy can limit it."
    remedy = "Delete the keys of the root user; give programs roles."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One, however many there are."""
        present = item.config["summary"]["access_keys"]
        if present is None:
            yield Undecided("AWS does not say whether the root user has access keys")
        elif present >= 1:
            yield Issue("the root user has access keys")


class RootWithoutMfa(Auditor):
    """IAM-02: a password alone opens the whole account."""

    slug = "IAM-02"
    label = "Root user without MFA"
    technologies = _ACCOUNT
    reads = ("summary",)
    score = 10
    compliance = ("CIS 2.4",)
    risk = "Whoever learns the password of the root user has the account."
    remedy = "Enable an MFA device for the root user, best a hardware key."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One."""
        enabled = item.config["summary"]["mfa_enabled"]
        if enabled is None:
            yield Undecided("AWS does not say whether the root user has MFA")
        elif not enabled:
            yield Issue("the root user has no MFA")


class WeakPasswordPolicy(Auditor):
    """IAM-03: passwords may be short, or used again."""

    slug = "IAM-03"
    label = "Weak password policy"
    technologies = _ACCOUNT
    reads = ("password_policy",)
    score = 7
    compliance = ("CIS 2.7", "CIS 2.8")
    risk = "Passwords that are short or used again are guessed, or known from elsewhere."
    remedy = "Set a password policy with at least 14 characters, and remember 24 passwords."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """No policy at all, or one for each of its weaknesses."""
        policy = item.config["password_policy"]
        if policy is None:
            yield Issue("there is no password policy", "policy")
            return
        length, reuse = policy["minimum_length"], policy["reuse_prevention"]
        if length is None or length < MINIMUM_LENGTH:
            words = f"passwords may have {length or 'any number of'} characters"
            yield Issue(words, "length", 4, {"minimum_length": length})
        if reuse is None or reuse < REUSE_PREVENTION:
            words = (
                f"only {reuse} passwords are remembered" if reuse else "no password is remembered"
            )
            yield Issue(words, "reuse", 3, {"reuse_prevention": reuse})


class CallsNotTrailed(Auditor):
    """CT-01: what is done in the account is not written down."""

    slug = "CT-01"
    label = "No trail of all calls"
    technologies = (*_ACCOUNT, _TRAIL)
    follows = (_TRAIL,)
    score = 10
    compliance = ("CIS 4.1", "CIS 4.2")
    risk = "Nobody can say who did what, and an intruder leaves no trace."
    remedy = (
        "Make a trail of all regions with all management events, start it, and have it validate"
        " its files."
    )

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """The account: whether any trail covers it. A trail: whether its files are validated."""
        if item.technology == _TRAIL:
            if not item.config["validation"]:
                yield Issue("its files are not validated", "validation", 3)
            return
        if not world.is_known(_TRAIL):
            yield Undecided("trails have not been listed yet")
            return
        covers = [_covers(trail) for trail in world.configs(_TRAIL).values()]
        if True in covers:
            return
        if None in covers:
            yield Undecided("of a trail that may cover the account not everything could be read")
        else:
            yield Issue("no trail of all regions writes down all management events")


def _covers(trail: Mapping[str, Any]) -> bool | None:
    """Whether all management events of all regions are written down; None: that is not known."""
    answers = (trail.get("multi_region"), trail.get("logging"), _all_management(trail))
    if False in answers:
        return False
    return None if None in answers else True


def _all_management(trail: Mapping[str, Any]) -> bool | None:
    basic, advanced = trail.get("selectors"), trail.get("advanced_selectors")
    if basic is None or advanced is None:
        return None
    return any(row["management"] and row["read_write"] == "All" for row in basic) or any(
        _is_all_management(row["fields"]) for row in advanced
    )


def _is_all_management(fields: list[Mapping[str, Any]]) -> bool:
    """Whether an advanced selector takes management events, and does not leave out any kind.

    Sources may be left out, such as KMS and the RDS Data API: those are the only ones AWS allows.
    """
    by_name = {row["field"]: row for row in fields}
    category = by_name.get("eventCategory", {}).get("equals", [])
    return "Management" in category and not by_name.keys() - {"eventCategory", "eventSource"}
