"""Checks asked of a configuration that the test writes down, without a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from security.auditors import Auditor, Issue, Item, Names, Reference, Undecided, Verdict
from security.policies.trust import Accounts

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT = "123456789012"


@dataclass
class FakeWorld:
    """The `World` that the test says."""

    now: datetime = NOW
    account_id: str = ACCOUNT
    partition: str = "aws"
    # Technology -> resource id -> configuration; those named here are known, all others not.
    there: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    referred: Mapping[str, list[Reference]] = field(default_factory=dict)
    trusted: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    # Technology -> what deleted ones had.
    gone: Mapping[str, set[str]] = field(default_factory=dict)

    def is_known(self, technology: str, region: str | None = None) -> bool:
        return technology in self.there

    def configs(self, technology: str) -> Mapping[str, Mapping[str, Any]]:
        return self.there.get(technology, {})

    def everywhere(self, technology: str, facet: str = "") -> Names | None:
        rows = self.there.get(technology)
        if rows is None:
            return None
        there = {config[facet].lower() for config in rows.values()} if facet else set(rows)
        return Names(frozenset(there), frozenset(self.gone.get(technology, ())))

    def referrers(self, resource_id: str) -> list[Reference]:
        return self.referred.get(resource_id, [])

    def trust(self, principal: str) -> str:
        return self.trusted.get(principal) or Accounts().trust(principal, self.account_id)

    def is_allowed_network(self, cidr: str) -> bool:
        return cidr in self.networks


def item(technology: str, config: Mapping[str, Any], **fields: Any) -> Item:
    """A resource of that configuration."""
    given = {
        "pk": 1,
        "account_id": ACCOUNT,
        "region": "eu-west-1",
        "resource_id": "r-1",
        "arn": "",
        "name": "it",
        "unknown": {},
        "tags": {},
        "first_seen_at": datetime(2025, 1, 1, tzinfo=UTC),
        **fields,
    }
    return Item(technology=technology, config=config, **given)


def verdicts(auditor: type[Auditor], about: Item, world: FakeWorld | None = None) -> list[Verdict]:
    """What the check says."""
    return list(auditor.audit(about, world or FakeWorld()))


def issues(
    auditor: type[Auditor], about: Item, world: FakeWorld | None = None
) -> list[tuple[str, int]]:
    """Subject and score of each issue; that of an undecided one is -1."""
    found = []
    for verdict in verdicts(auditor, about, world):
        if isinstance(verdict, Issue):
            found.append(
                (verdict.subject, auditor.score if verdict.score is None else verdict.score)
            )
        elif isinstance(verdict, Undecided):
            found.append((verdict.subject, -1))
    return sorted(found)


def rule(
    peer: str,
    port: int | None = None,
    protocol: str = "tcp",
    to: int | None = None,
    direction: str = "in",
) -> dict[str, Any]:
    """A rule of a security group: networks, `pl-...` and `owner/sg-...` are told apart."""
    kind = "ipv6" if ":" in peer else "ipv4"
    if peer.startswith("pl-"):
        kind = "prefixlist"
    elif "/sg-" in peer:
        kind = "group"
    return {
        "direction": direction, "protocol": protocol, "from": port,
        "to": port if to is None else to, "kind": kind, "peer": peer, "description": "",
    }  # fmt: skip
