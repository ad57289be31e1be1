"""What a principal is to an account: the class that checks score by.

Forms of principals: "AWS JSON policy elements: Principal" in the IAM user guide.
"""

import re
from collections.abc import Callable, Iterable
from functools import cached_property

from msgspec import Struct

# Anybody at all.
PUBLIC = "PUBLIC"
# Anybody, but only from networks or endpoints that the policy names. Never of a principal alone.
NETWORK = "NETWORK"
UNKNOWN = "UNKNOWN"
THIRDPARTY = "THIRDPARTY"
# A unique id that AWS left where a principal was that is no more.
DANGLING = "DANGLING"
# A service of AWS, or a provider of identities that belongs to no account.
SERVICE = "SERVICE"
# Another account of ours, or our organisation.
FRIENDLY = "FRIENDLY"
SAME = "SAME"
# From what is trusted most to what is not at all.
CLASSES = (SAME, FRIENDLY, SERVICE, DANGLING, THIRDPARTY, UNKNOWN, NETWORK, PUBLIC)

_ACCOUNT = re.compile(r"[0-9]{12}")
_UNIQUE = re.compile(r"A(?:ROA|IDA|GPA|NPA|IPA)[A-Z0-9]{12,}")
_CANONICAL = re.compile(r"[0-9a-f]{64}")
_ORGANISATION = re.compile(r"(o-[a-z0-9]{10,32})(?:/.*)?")
_SERVICE = re.compile(r"[a-z0-9.-]+\.(?:amazonaws\.com(?:\.cn)?|aws\.internal|api\.aws)")
# "Federated principals" that are no provider of an account.
PROVIDERS = frozenset(
    {
        "accounts.google.com",
        "cognito-identity.amazonaws.com",
        "graph.facebook.com",
        "www.amazon.com",
    }
)
# Everybody, and everybody with an account, in the grants of S3's lists.
_GROUPS = {
    "http://acs.amazonaws.com/groups/global/AllUsers": PUBLIC,
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": PUBLIC,
    "http://acs.amazonaws.com/groups/s3/LogDelivery": SERVICE,
}
# Accounts by which AWS itself writes: CloudFront's logs (its developer guide, "standard logging").
_AWS_CANONICAL = frozenset({"c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0"})


class Known(Struct, frozen=True):
    """An account as it is known: `kind` is managed, friendly or thirdparty."""

    account_id: str
    kind: str
    canonical_id: str = ""
    org_id: str = ""


class Accounts:
    """The accounts that are known; `owner_of` gives the account of a unique id."""

    def __init__(
        self, rows: Iterable[Known] = (), owner_of: Callable[[str], str | None] = lambda _: None
    ) -> None:
        self._rows = list(rows)
        self._owner_of = owner_of

    @cached_property
    def _by_account(self) -> dict[str, str]:
        return {row.account_id: _class_of(row) for row in self._rows}

    @cached_property
    def _by_canonical(self) -> dict[str, str]:
        return {row.canonical_id: row.account_id for row in self._rows if row.canonical_id}

    @cached_property
    def _by_organisation(self) -> dict[str, str]:
        """Ours where one account of ours is in it."""
        found: dict[str, str] = {}
        for row in self._rows:
            if row.org_id and found.get(row.org_id) != FRIENDLY:
                found[row.org_id] = _class_of(row)
        return found

    def trust(self, principal: str, account_id: str) -> str:
        """What the principal is to that account.

        An ARN, an account's number, a unique id, a canonical id, an organisation or a path in it, a
        service, or the URI of a group of S3's. What has no such form is unknown.
        """
        if principal == "*":
            return PUBLIC
        if principal.startswith("arn:"):
            return self._of_arn(principal, account_id)
        if _ACCOUNT.fullmatch(principal):
            return self._of_account(principal, account_id)
        if _UNIQUE.fullmatch(principal):
            owner = self._owner_of(principal)
            return self._of_account(owner, account_id) if owner else DANGLING
        if _CANONICAL.fullmatch(principal):
            if principal in _AWS_CANONICAL:
                return SERVICE
            return self._of_account(self._by_canonical.get(principal, ""), account_id)
        if found := _ORGANISATION.fullmatch(principal):
            return self._by_organisation.get(found[1], UNKNOWN)
        if _SERVICE.fullmatch(principal) or principal in PROVIDERS:
            return SERVICE
        return _GROUPS.get(principal, UNKNOWN)

    def _of_arn(self, arn: str, account_id: str) -> str:
        owner = account_of(arn)
        if any(sign in owner for sign in "*?$"):
            return PUBLIC
        # CloudFront's origin access identities.
        if owner == "cloudfront":
            return SERVICE
        return self._of_account(owner, account_id)

    def _of_account(self, owner: str, account_id: str) -> str:
        return SAME if owner == account_id else self._by_account.get(owner, UNKNOWN)


def account_of(arn: str) -> str:
    """The account in an ARN; empty: none."""
    parts = arn.split(":", 5)
    if len(parts) > 4:
        return parts[4]
    # "arn:*" and the like stand for any account.
    return "*" if "*" in arn else ""


def least(classes: Iterable[str]) -> str:
    """The least trusted of them."""
    return max(classes, key=CLASSES.index)


def most(classes: Iterable[str]) -> str:
    """The most trusted of them."""
    return min(classes, key=CLASSES.index)


def _class_of(row: Known) -> str:
    return THIRDPARTY if row.kind == "thirdparty" else FRIENDLY
