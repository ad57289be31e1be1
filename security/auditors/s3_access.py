"""Checks of buckets: who may read and write what is in them."""

from collections.abc import Iterator

from security.auditors import Auditor, Issue, Item, Undecided, Verdict, World
from security.auditors.s3_exposure import ACCOUNT, Door, doors
from security.policies.trust import PUBLIC, THIRDPARTY, UNKNOWN

BUCKET, TRAIL = "aws.s3.bucket", "aws.cloudtrail.trail"


class PublicBucket(Auditor):
    """S3-01: anybody may read, or write, right now."""

    slug = "S3-01"
    label = "Bucket open to anybody"
    technologies = (BUCKET,)
    follows = (ACCOUNT,)
    score = 10
    risk = "Anybody who guesses the name can read what is in it, or change it."
    remedy = "Take the statement or grant away, or switch on the block of public access."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each statement and grant."""
        for door in doors(item, world):
            if isinstance(door, Undecided):
                yield door
            elif door.trust == PUBLIC and door.shut is None:
                yield Undecided("whether public access is blocked could not be read")
            elif door.trust == PUBLIC and not door.shut:
                yield _issue(door, 10 if door.writes else 9, "is open to anybody")


class LatentlyPublicBucket(Auditor):
    """S3-02: only the block of public access keeps everybody out."""

    slug = "S3-02"
    label = "Bucket open to anybody but for the block of public access"
    technologies = (BUCKET,)
    follows = (ACCOUNT,)
    score = 2
    risk = "The bucket is public as soon as somebody switches the block off."
    remedy = "Take the statement or grant away that the block now holds back."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each statement and grant."""
        for door in doors(item, world):
            if isinstance(door, Undecided):
                yield door
            elif door.trust == PUBLIC and door.shut is None:
                yield Undecided("whether public access is blocked could not be read")
            elif door.trust == PUBLIC and door.shut:
                yield _issue(door, 2, "would be open to anybody without the block")


class SharedBucket(Auditor):
    """S3-05: accounts that nobody here knows, or a third party's, are let in."""

    slug = "S3-05"
    label = "Bucket open to another's account"
    technologies = (BUCKET,)
    score = 8
    risk = "Somebody outside can read what is in it, or change it."
    remedy = "Take the grant away, or say in the list of accounts whose it is."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each statement and grant."""
        for door in doors(item, world):
            if isinstance(door, Undecided):
                yield door
            elif door.trust == UNKNOWN:
                yield _issue(door, 8, "is open to an account that is not known")
            elif door.trust == THIRDPARTY:
                yield _issue(door, 2, "is open to a third party")


class TrailBucket(Auditor):
    """S3-08: what CloudTrail writes can be read by anybody, changed unseen, or read unseen."""

    slug = "S3-08"
    label = "Bucket of CloudTrail badly kept"
    technologies = (BUCKET,)
    follows = (ACCOUNT, TRAIL)
    score = 4
    compliance = ("CIS 4.4",)
    risk = "Whoever gets at the records knows what is done, and may hide what he did."
    remedy = "Block public access, switch on versioning, and log access to another bucket."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """Nothing of buckets to which no trail of the account writes."""
        trails = [
            found.resource_id
            for found in world.referrers(item.resource_id)
            if found.technology == TRAIL
        ]
        if trails:
            yield from cls._kept(item, world, {"trails": trails})

    @classmethod
    def _kept(cls, item: Item, world: World, evidence: dict[str, list[str]]) -> Iterator[Verdict]:
        found = list(doors(item, world))
        public = [one for one in found if isinstance(one, Door) and one.trust == PUBLIC]
        if any(door.shut is False for door in public):
            yield Issue("CloudTrail's records are open to anybody", "public", 10, evidence)
        elif any(isinstance(one, Undecided) or one.shut is None for one in found):
            yield Undecided("whether it is open to anybody could not be read", "public")
        if "logging" in item.unknown:
            yield Undecided("the logging of access could not be read", "logging")
        elif not item.config.get("logging"):
            yield Issue("access to CloudTrail's records is not logged", "logging", 4, evidence)
        if "versioning" in item.unknown:
            yield Undecided("versioning could not be read", "versioning")
        elif (item.config.get("versioning") or {}).get("status") != "Enabled":
            yield Issue("CloudTrail's records are not versioned", "versioning", 3, evidence)


def _issue(door: Door, score: int, words: str) -> Issue:
    what = "to write" if door.writes else "to read"
    return Issue(f"the bucket {words}, {what}: {door.who}", door.subject, score, door.evidence)
