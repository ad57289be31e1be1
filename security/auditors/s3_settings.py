"""Checks of how buckets, and the account's S3, are set up."""

from collections.abc import Iterator, Mapping
from typing import Any

from security.auditors import Auditor, Issue, Item, Undecided, Verdict, World
from security.auditors.s3_exposure import (
    ACCOUNT,
    BLOCK,
    SWITCHES,
    block_of_account,
    block_of_bucket,
    is_complete,
)
from security.policies.actions import any_covers
from security.policies.reading import Statement, read_statement

_BUCKET = "aws.s3.bucket"
_ANY_ORIGIN = frozenset({"*", "http://*", "https://*"})
_CHANGING = frozenset({"PUT", "POST", "DELETE"})


class AccountBlock(Auditor):
    """S3-03: the account does not block all public access."""

    slug = "S3-03"
    label = "Public access not blocked in the account"
    technologies = (ACCOUNT,)
    reads = (BLOCK,)
    score = 6
    compliance = ("CIS 3.1.4",)
    risk = "Any bucket can be made public by one statement or grant."
    remedy = "Switch on all four settings of the account's block of public access."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One, with the switches that are off."""
        block = item.config.get(BLOCK) or {}
        if not is_complete(block):
            yield Issue("the account does not block all public access", evidence=_off(block))


class BucketBlock(Auditor):
    """S3-04: neither the bucket nor the account blocks all public access."""

    slug = "S3-04"
    label = "Public access not blocked"
    technologies = (_BUCKET,)
    follows = (ACCOUNT,)
    score = 4
    compliance = ("CIS 3.1.4",)
    risk = "One statement or grant is enough to make the bucket public."
    remedy = "Switch on all four settings of the bucket's, or the account's, block."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """Nothing where one of them is known to block all."""
        sides = (block_of_bucket(item), block_of_account(world))
        if any(side is not None and is_complete(side) for side in sides):
            return
        if None in sides:
            yield Undecided("whether public access is blocked could not be read")
        else:
            yield Issue("public access is not blocked", evidence=_off(sides[0] or {}))


class PlainTransport(Auditor):
    """S3-06: requests without TLS are not denied."""

    slug = "S3-06"
    label = "Bucket answers without TLS"
    technologies = (_BUCKET,)
    reads = ("policy",)
    score = 2
    compliance = ("CIS 3.1.1",)
    risk = "What is read or written without TLS can be seen and changed on its way."
    remedy = "Deny s3:* to everybody where aws:SecureTransport is false, for bucket and objects."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One, unless all of the bucket and of its objects is covered."""
        rows = (item.config.get("policy") or {}).get("Statement", [])
        covered: set[str] = set()
        for row in rows:
            statement = read_statement(row, resource_policy=True)
            if isinstance(statement, Statement) and _denies_plain(statement):
                covered.update(statement.resources)
        arn = f"arn:{world.partition}:s3:::{item.resource_id}"
        if not all(any_covers(covered, wanted) for wanted in (arn, f"{arn}/*")):
            yield Issue("requests without TLS are answered")


class OpenCors(Auditor):
    """S3-07: pages of any site may write."""

    slug = "S3-07"
    label = "Any site's pages may write to the bucket"
    technologies = (_BUCKET,)
    reads = ("cors",)
    score = 4
    risk = "A page of anybody's can have its visitors' browsers write with their rights."
    remedy = "Name the sites in AllowedOrigins, or leave PUT, POST and DELETE out."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each set of methods."""
        for rule in item.config.get("cors") or ():
            methods = sorted(_CHANGING.intersection(rule.get("allowed_methods") or ()))
            if methods and _ANY_ORIGIN.intersection(rule.get("allowed_origins") or ()):
                words = ", ".join(methods)
                yield Issue(f"pages of any site may {words}", "/".join(methods), evidence=rule)


def _off(block: Mapping[str, Any]) -> dict[str, Any]:
    return {"off": [switch for switch in SWITCHES if block.get(switch) is not True]}


def _denies_plain(statement: Statement) -> bool:
    """Whether it denies all of S3 to everybody who comes without TLS, and needs no more for it."""
    everybody = any("*" in names for names in statement.principals.values())
    conditions = {
        operator.lower(): {key.lower(): values for key, values in block.items()}
        for operator, block in statement.condition.items()
    }
    return (
        not statement.allows
        and everybody
        and any_covers(statement.actions, "s3:*")
        and conditions in ({"bool": _PLAIN}, {"boolifexists": _PLAIN})
    )


_PLAIN = {"aws:securetransport": ["false"]}
