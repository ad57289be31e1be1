"""Checks of what users prove their names with. The account's own user is `iam_account`'s."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from opsportal.lib.fields import instant
from security.auditors import Auditor, Issue, Item, Later, Verdict, World

# What the report calls the account's own user.
ROOT = "<root_account>"
KEY_AGE, UNUSED = timedelta(days=90), timedelta(days=45)
_SECOND = timedelta(seconds=1)


class _UserCheck(Auditor):
    technologies = ("aws.iam.credentials",)

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """What is wrong with one user's."""
        if item.resource_id != ROOT:
            yield from cls.audit_user(item.config, world.now)

    @classmethod
    def audit_user(cls, config: Mapping[str, Any], now: datetime) -> Iterator[Verdict]:
        """What is wrong with them, of a user who is not the account's own."""
        raise NotImplementedError


class PasswordWithoutMfa(_UserCheck):
    """IAM-04: a password alone is enough."""

    slug = "IAM-04"
    label = "Password without MFA"
    reads = ("password", "mfa")
    score = 8
    compliance = ("CIS 2.9",)
    risk = "Whoever learns the password has the user's rights."
    remedy = "Have the user enable an MFA device, or delete the password."

    @classmethod
    def audit_user(cls, config: Mapping[str, Any], now: datetime) -> Iterator[Verdict]:
        """One."""
        if config["password"] is not None and not config["mfa"]:
            yield Issue("signs in with a password alone")


class OldAccessKey(_UserCheck):
    """IAM-05: a key that was made long ago is still active."""

    slug = "IAM-05"
    label = "Access key older than 90 days"
    reads = ("keys",)
    score = 3
    compliance = ("CIS 2.13",)
    risk = "The longer a key is used, the more places know it."
    remedy = "Make a new key, have it used, and delete this one; better: use a role."

    @classmethod
    def audit_user(cls, config: Mapping[str, Any], now: datetime) -> Iterator[Verdict]:
        """One for each key."""
        for key in active_keys(config):
            made = instant(key["created_at"])
            if made is not None:
                words = f"{key['id']} is older than 90 days"
                yield _after(made, KEY_AGE, now, Issue(words, f"key/{key['id']}", evidence=key))


class UnusedCredential(_UserCheck):
    """IAM-06: a password or a key that nobody uses is still active."""

    slug = "IAM-06"
    label = "Credential unused for 45 days"
    reads = ("keys", "password", "report", "usage")
    score = 3
    compliance = ("CIS 2.11",)
    risk = "Nobody misses what nobody uses, least of all when somebody else uses it."
    remedy = "Deactivate the key, or delete the password."

    @classmethod
    def audit_user(cls, config: Mapping[str, Any], now: datetime) -> Iterator[Verdict]:
        """One for the password and one for each key."""
        usage = config.get("usage") or {}
        if config["password"] is not None:
            used = usage.get("password_last_used") or config["password"]["created_at"]
            issue = Issue("password was not used for 45 days", "password", evidence={"last": used})
            if (at := instant(used)) is not None:
                yield _after(at, UNUSED, now, issue)
        for key in active_keys(config):
            used = _last_use(key, config) or key["created_at"]
            words = f"{key['id']} was not used for 45 days"
            issue = Issue(words, f"key/{key['id']}", evidence={"last": used})
            if (at := instant(used)) is not None:
                yield _after(at, UNUSED, now, issue)


class TwoActiveKeys(_UserCheck):
    """IAM-07: two keys are active at the same time."""

    slug = "IAM-07"
    label = "Two active access keys"
    reads = ("keys",)
    score = 2
    compliance = ("CIS 2.12",)
    risk = "One of them is likely forgotten."
    remedy = "Find out which of them is used, and delete the other."

    @classmethod
    def audit_user(cls, config: Mapping[str, Any], now: datetime) -> Iterator[Verdict]:
        """One."""
        keys = sorted(key["id"] for key in active_keys(config))
        if len(keys) > 1:
            yield Issue(f"{len(keys)} access keys are active", evidence={"keys": keys})


def active_keys(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Access keys that open something."""
    return [key for key in config["keys"] if key["status"] == "Active"]


def _after(at: datetime, span: timedelta, now: datetime, issue: Issue) -> Verdict:
    """The issue once more than that has passed; until then, when to look again."""
    return issue if now - at > span else Later(at + span + _SECOND)


def _last_use(key: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
    """When it was used last, as the report says, which names keys by their times only.

    Where those do not tell two keys apart it is the later use of both, so that nobody is blamed
    for the other key.
    """
    report, usage = config.get("report") or {}, config.get("usage") or {}
    slots = [
        (report.get(f"{slot}_last_rotated"), usage.get(f"{slot}_last_used_date"))
        for slot in ("access_key_1", "access_key_2")
        if report.get(f"{slot}_active")
    ]
    own = [used for made, used in slots if made == key["created_at"]]
    return max((used for used in own or [used for _, used in slots] if used), default=None)
