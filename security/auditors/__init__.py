"""Checks: a class for each rule, listed in settings.AUDITORS.

A check is pure: it reads one resource and the `World` around it, and says what is wrong. What that
means for findings, acceptances and alerts is the engine's (`security/audit`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, Protocol

from msgspec import Struct

from opsportal.lib.registry import plugins


class Item(Struct, frozen=True):
    """A resource as a check sees it."""

    pk: int
    account_id: str  # twelve digits
    region: str
    technology: str
    resource_id: str
    arn: str
    name: str
    config: Mapping[str, Any]
    # Facets that could not be read: what the configuration says of them is old.
    unknown: Mapping[str, Any]
    tags: Mapping[str, str]
    first_seen_at: datetime


class Issue(Struct, frozen=True):
    """One thing that is wrong.

    `subject` names it in words that last, such as "in/tcp/22-22/0.0.0.0/0": the same thing seen
    again has the same subject, whatever its score and text.
    """

    summary: str
    subject: str = ""
    # None: the check's own.
    score: int | None = None
    evidence: Mapping[str, Any] = {}


class Undecided(Struct, frozen=True):
    """The check cannot tell, since something could not be read: neither passed nor failed."""

    reason: str
    subject: str = ""


class Later(Struct, frozen=True):
    """Nothing yet, but at that time it is to be looked at again."""

    at: datetime


# What waits for the first listing of something else is asked again after this.
LOOK_AGAIN = timedelta(minutes=30)
Verdict = Issue | Undecided | Later


class Reference(Struct, frozen=True):
    """A resource that refers to another, or is referred to."""

    kind: str
    technology: str
    resource_id: str


class Names(NamedTuple):
    """Values of a facet that some resource has, and those that only deleted ones had.

    In small letters, as names of DNS are compared.
    """

    there: frozenset[str]
    gone: frozenset[str]


class World(Protocol):
    """What checks may ask beside the resource itself, all in memory or by a few queries."""

    now: datetime
    account_id: str
    partition: str

    def is_known(self, technology: str, region: str | None = None) -> bool:
        """Whether a complete listing of it was ever read there (None: in the item's region)."""
        ...

    def configs(self, technology: str) -> Mapping[str, Mapping[str, Any]]:
        """Resource id -> configuration, of the technology in the same account and region.

        Facets that could not be read are left out.
        """
        ...

    def everywhere(self, technology: str, facet: str = "") -> Names | None:
        """What all accounts and regions have of it: of a facet, which holds one text, or, without
        one, resource ids. None unless all of it was listed in full."""
        ...

    def referrers(self, resource_id: str) -> list[Reference]:
        """What refers to it."""
        ...

    def trust(self, principal: str) -> str:
        """What a principal of a policy is to the account: see `security/policies/trust.py`."""
        ...

    def is_allowed_network(self, cidr: str) -> bool:
        """Whether it lies within a known network."""
        ...


class Auditor:
    """Base of the checks."""

    slug: ClassVar[str]  # such as "SG-02"
    label: ClassVar[str]
    technologies: ClassVar[tuple[str, ...]]
    # Facets of which it reads; one that is unknown makes the verdict `Undecided` by itself.
    reads: ClassVar[tuple[str, ...]] = ()
    # Technologies whose change may change the verdict on what refers to them.
    follows: ClassVar[tuple[str, ...]] = ()
    # 0 to 10, 10 worst.
    score: ClassVar[int]
    # Raised whenever it may judge otherwise: then all is audited anew.
    version: ClassVar[int] = 1
    # Such as "CIS 6.3".
    compliance: ClassVar[tuple[str, ...]] = ()
    # Why it matters, and what to do.
    risk: ClassVar[str] = ""
    remedy: ClassVar[str] = ""

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """What is wrong with it."""
        raise NotImplementedError


def auditors() -> dict[str, type[Auditor]]:
    """Slug -> check."""
    return plugins("AUDITORS")


def auditors_of(technology: str) -> list[type[Auditor]]:
    """The checks of a technology."""
    return [found for found in auditors().values() if technology in found.technologies]
