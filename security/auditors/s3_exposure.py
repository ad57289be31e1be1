"""Whom a bucket lets in, by its policy and by its list of grants, and what stands in their way.

Sources: "Blocking public access to your Amazon S3 storage", "Access control list (ACL) overview"
and "Controlling ownership of objects" in the Amazon S3 user guide.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from security.auditors import Item, Undecided, World
from security.auditors.exposure_issues import grant_evidence, grant_subject
from security.policies.exposure import Unreadable, grants
from security.policies.trust import PUBLIC, SAME

ACCOUNT = "aws.s3.account"
BLOCK = "public_access_block"
SWITCHES = (
    "block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets",
)  # fmt: skip
_WRITES = frozenset({"WRITE", "WRITE_ACP", "FULL_CONTROL"})
_READING = ("s3:get", "s3:list")


class Door(Struct, frozen=True):
    """Somebody who is let in."""

    subject: str
    who: str
    trust: str
    # More than to look: to write, to delete, or to say who may.
    writes: bool
    # Whether the block of public access keeps it shut; None: that could not be read. Of one that
    # is not public: False.
    shut: bool | None
    evidence: Mapping[str, Any]


def doors(item: Item, world: World) -> Iterator[Door | Undecided]:
    """All of them; undecided where something could not be read that would tell."""
    yield from _policy_doors(item, world)
    yield from _acl_doors(item, world)


def is_on(item: Item, world: World, switch: str) -> bool | None:
    """Whether the bucket's or the account's block has that switch on; None: nobody knows."""
    sides = (block_of_bucket(item), block_of_account(world))
    if any(side is not None and side.get(switch) is True for side in sides):
        return True
    return None if None in sides else False


def block_of_bucket(item: Item) -> Mapping[str, Any] | None:
    """The bucket's own block, empty where it has none; None: it could not be read."""
    return None if BLOCK in item.unknown else item.config.get(BLOCK) or {}


def block_of_account(world: World) -> Mapping[str, Any] | None:
    """The block of the account, empty where it has none; None: it could not be read."""
    settings = world.configs(ACCOUNT).get(world.account_id, {})
    return (settings[BLOCK] or {}) if BLOCK in settings else None


def is_complete(block: Mapping[str, Any]) -> bool:
    """Whether all four switches are on."""
    return all(block.get(switch) is True for switch in SWITCHES)


def _policy_doors(item: Item, world: World) -> Iterator[Door | Undecided]:
    if "policy" in item.unknown:
        yield Undecided("the policy could not be read")
        return
    shut = is_on(item, world, "restrict_public_buckets")
    found = grants(item.config.get("policy"), trust=world.trust, account_id=item.account_id)
    for grant in found:
        if isinstance(grant, Unreadable):
            yield Undecided(f"the policy cannot be understood: {grant.reason}")
            continue
        yield Door(
            f"policy/{grant_subject(grant)}",
            grant.principal,
            grant.trust,
            not all(action.startswith(_READING) for action in grant.actions),
            shut if grant.public else False,
            grant_evidence(grant),
        )


def _acl_doors(item: Item, world: World) -> Iterator[Door | Undecided]:
    if item.config.get("ownership") == "BucketOwnerEnforced" and "ownership" not in item.unknown:
        return
    if "acl" in item.unknown:
        yield Undecided("the grants could not be read")
        return
    acl = item.config.get("acl") or {}
    strange = list(_strange(acl.get("grants") or (), acl.get("owner"), world))
    if strange and "ownership" in item.unknown:
        yield Undecided("whether grants count could not be read: the ownership of objects")
        return
    shut = is_on(item, world, "ignore_public_acls")
    for row, trust in strange:
        # Of a group the last part of the URI: everybody knows "AllUsers".
        who = str(row["grantee"]).rpartition("/")[2]
        yield Door(
            f"acl/{who}/{row['permission']}",
            who,
            trust,
            row["permission"] in _WRITES,
            shut if trust == PUBLIC else False,
            {"grant": row},
        )


def _strange(
    rows: Sequence[Mapping[str, Any]], owner: str | None, world: World
) -> Iterator[tuple[Mapping[str, Any], str]]:
    for row in rows:
        if row["grantee"] != owner and (trust := world.trust(str(row["grantee"]))) != SAME:
            yield row, trust
