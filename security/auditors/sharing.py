"""Checks of snapshots and images: who may copy what is in them."""

import re
from collections.abc import Iterator

from security.auditors import Auditor, Issue, Item, Verdict, World
from security.policies.trust import THIRDPARTY, UNKNOWN

_SCORES = {UNKNOWN: 8, THIRDPARTY: 2}
_WORDS = {UNKNOWN: "nobody here knows", THIRDPARTY: "is a third party's"}
# In the ARN of an organisation, or of a unit of one.
_ORGANISATION = re.compile(r"/(o-[a-z0-9]{10,32})(?:/|\Z)")


class SharedSnapshot(Auditor):
    """SNAP-01: anybody, or an account that is not known, may copy it."""

    slug = "SNAP-01"
    label = "Snapshot or image shared"
    technologies = ("aws.ec2.snapshot", "aws.ec2.image", "aws.rds.snapshot")
    reads = ("shared_with",)
    score = 10
    risk = "Whoever may copy it has all that was on the disk or in the database."
    remedy = "Take the permission away, or say in the list of accounts whose it is."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for everybody, and one for each account and organisation."""
        shared = item.config["shared_with"]
        if shared["public"]:
            yield Issue("anybody may copy it", "public", 10)
        for name in (*shared["accounts"], *shared["organisations"]):
            organisation = _ORGANISATION.search(name)
            trust = world.trust(organisation[1] if organisation else name)
            if trust in _SCORES:
                yield Issue(f"{name}, which {_WORDS[trust]}, may copy it", name, _SCORES[trust])
