"""Checks of security groups: whom they belong to and who uses them.

A group that no interface has is scored lower, but never passed: the next instance may get it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from security.auditors import LOOK_AGAIN, Auditor, Issue, Item, Later, Undecided, Verdict, World
from security.auditors.openings import Lists
from security.policies.trust import THIRDPARTY, UNKNOWN

GROUP = "aws.ec2.securitygroup"
INTERFACE = "aws.ec2.networkinterface"
PREFIX_LIST = "aws.ec2.prefixlist"
# What a group that nothing uses is worth, in tenths.
UNUSED_TENTHS = 3
UNUSED_FOR = timedelta(days=7)
# Rules that a finding shows.
MOST_RULES = 20


class GroupCheck(Auditor):
    """Base of them."""

    technologies = (GROUP,)
    reads: ClassVar[tuple[str, ...]] = ("rules",)
    follows: ClassVar[tuple[str, ...]] = (INTERFACE, PREFIX_LIST)
    remedy = "Remove the rule, or name the networks that need it."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """What is wrong, and when the score is to be looked at again."""
        found = list(cls.judge(item, world))
        yield from found
        scored = any(isinstance(verdict, Issue) for verdict in found)
        if scored and not world.is_known(INTERFACE):
            yield Later(world.now + LOOK_AGAIN)

    @classmethod
    def judge(cls, item: Item, world: World) -> Iterator[Verdict]:
        """What is wrong."""
        raise NotImplementedError

    @classmethod
    def scored(cls, score: int, item: Item, world: World) -> int:
        """Less when nothing has the group; the whole when that cannot be told."""
        return -(-score * UNUSED_TENTHS // 10) if _is_attached(item, world) is False else score


def lists_of(world: World) -> Lists:
    """What the prefix lists of that account and region hold."""

    def held(name: str) -> Sequence[str] | None:
        entries = world.configs(PREFIX_LIST).get(name, {}).get("entries")
        return None if entries is None else [entry["cidr"] for entry in entries]

    return held


def _is_attached(item: Item, world: World) -> bool | None:
    if any(found.technology == INTERFACE for found in world.referrers(item.resource_id)):
        return True
    return False if world.is_known(INTERFACE) else None


class DefaultGroupUsed(GroupCheck):
    """SG-07: the default group has rules."""

    slug = "SG-07"
    label = "Default group has rules"
    score = 4
    compliance = ("CIS 6.5",)
    risk = "Whatever is launched without a group gets this one."
    remedy = "Give resources groups of their own, then remove all rules of the default one."
    reads = ("name", "rules")

    @classmethod
    def judge(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One."""
        rules = item.config["rules"]
        if item.config["name"] == "default" and rules:
            yield Issue(
                f"the default group has {len(rules)} rule{'s' if len(rules) > 1 else ''}",
                score=cls.scored(cls.score, item, world),
                evidence={"rules": rules[:MOST_RULES]},
            )


class ForeignPeer(GroupCheck):
    """SG-08: a peer group or prefix list of an account that is not ours."""

    slug = "SG-08"
    label = "Peer of a foreign account"
    score = 8
    risk = "Who is let in is decided by somebody else, and changes without our doing."
    remedy = "Say what the account is to us (friendly or third party), or remove the rule."
    scores: ClassVar[Mapping[str, int]] = {UNKNOWN: 8, THIRDPARTY: 3}

    @classmethod
    def judge(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each rule."""
        for rule in item.config["rules"]:
            subject = _subject(rule)
            if rule["kind"] == "group":
                owner = rule["peer"].partition("/")[0]
            elif rule["kind"] == "prefixlist":
                known = world.configs(PREFIX_LIST).get(rule["peer"])
                if known is None:
                    yield Undecided(f"whose {rule['peer']} is could not be read", subject)
                    continue
                owner = known.get("owner")
            else:
                continue
            # AWS's own go by names, such as "AWS" and "amazon-elb".
            if not owner or not owner.isdigit() or owner == world.account_id:
                continue
            trust = world.trust(owner)
            if score := cls.scores.get(trust):
                whose = "an unknown account" if trust == UNKNOWN else "a third party"
                yield Issue(
                    f"{rule['peer']} is of {whose} ({owner})",
                    subject,
                    cls.scored(score, item, world),
                    {"rules": [rule], "account": owner},
                )


class UnreadablePrefixList(GroupCheck):
    """SG-09: nobody can tell what a prefix list admits."""

    slug = "SG-09"
    label = "Prefix list cannot be read"
    score = 0
    risk = "A rule admits networks that the portal does not know: it may be open to the world."
    remedy = "Grant ec2:GetManagedPrefixListEntries, or remove the rule of a list that is gone."

    @classmethod
    def judge(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each list."""
        held = lists_of(world)
        rules = item.config["rules"]
        for name in sorted({rule["peer"] for rule in rules if rule["kind"] == "prefixlist"}):
            if held(name) is None:
                yield Undecided(f"the entries of prefix list {name} could not be read", name)


class UnusedGroup(GroupCheck):
    """SG-10: nothing uses it."""

    slug = "SG-10"
    label = "Group is not used"
    score = 1
    reads = ("name",)
    follows = (INTERFACE, GROUP)
    risk = "Rules that nobody needs are rules that nobody looks at, until somebody attaches them."
    remedy = "Delete it."

    @classmethod
    def judge(cls, item: Item, world: World) -> Iterator[Verdict]:
        """After a week without interfaces and without groups that refer to it."""
        if item.config["name"] == "default":
            return
        due = item.first_seen_at + UNUSED_FOR
        if world.now < due:
            yield Later(due)
            return
        if not all(world.is_known(technology) for technology in cls.follows):
            yield Undecided("interfaces and groups were not all read yet")
            yield Later(world.now + LOOK_AGAIN)
            return
        others = (found for found in world.referrers(item.resource_id)
                  if found.technology in cls.follows)  # fmt: skip
        if all(found.resource_id == item.resource_id for found in others):
            yield Issue("no interface and no other group uses it")


def _subject(rule: Mapping[str, Any]) -> str:
    ports = "all" if rule["from"] is None else f"{rule['from']}-{rule['to']}"
    return f"{rule['direction']}/{rule['protocol']}/{ports}/{rule['peer']}"
