"""Resources without a cloud, and checks that say what a resource's configuration tells them to."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from security.audit import audit_due, audit_resources
from security.auditors import Auditor, Issue, Item, Later, Undecided, Verdict, World
from security.models import (
    CloudAccount,
    CloudResource,
    ConfigRevision,
    Finding,
    Relation,
    RiskAcceptance,
    Scope,
)
from tests.security.collecting import GROUPS, NOW, later

LISTS = "aws.ec2.prefixlist"
CHECKS = ["tests.security.findings.Told", "tests.security.findings.Listed"]


class Told(Auditor):
    """Says what `config["issues"]` says: [subject, score]; fails, waits and cannot tell."""

    slug = "T-01"
    label = "Open to the world"
    technologies = (GROUPS,)
    reads = ("rules",)
    score = 9
    risk = "Anybody may come in."
    remedy = "Close the door."
    compliance = ("CIS 6.3",)

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        for subject, score in item.config.get("issues", []):
            yield Issue(f"{subject} is open", subject, score, {"rules": [subject]})
        if "fails" in item.config:
            raise ValueError("no such key")
        if "undecided" in item.config:
            yield Undecided("somebody else knows")
        if "later" in item.config:
            yield Later(world.now + timedelta(days=item.config["later"]))


class Listed(Auditor):
    """Follows prefix lists: wrong where one that is referred to is wide."""

    slug = "T-02"
    label = "Opens a wide list"
    technologies = (GROUPS,)
    follows = (LISTS,)
    score = 5

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        lists = world.configs(LISTS)
        for name in item.config.get("lists", []):
            if lists.get(name, {}).get("wide"):
                yield Issue(f"{name} is wide", name)


def make_resource(account: CloudAccount, name: str = "sg-1", **config: Any) -> CloudResource:
    """A resource at its first revision, not audited yet."""
    technology = config.pop("technology", GROUPS)
    tags = config.pop("tags", {})
    row = CloudResource.objects.create(
        account=account, region="eu-west-1", technology=technology, resource_id=name, name=name,
        first_seen_at=NOW, changed_at=NOW, captured_at=NOW, complete_hash="-", durable_hash="-",
        normaliser_version=1, config={}, tags=tags, audit_at=NOW,
    )  # fmt: skip
    Scope.objects.get_or_create(
        account=account, region="eu-west-1", technology=technology,
        defaults={"next_at": NOW, "complete_at": NOW},
    )  # fmt: skip
    revise(row, kind="created", now=NOW, **config)
    return row


def revise(
    row: CloudResource, *, now: datetime, kind: str = "changed", **config: Any
) -> ConfigRevision:
    """The next revision of it, as a collection would store it."""
    row.config, row.revision_count = config, row.revision_count + 1
    row.complete_hash, row.changed_at, row.audit_at = repr(config)[:64], now, now
    row.state = "deleted" if kind == "deleted" else "active"
    row.save()
    return ConfigRevision.objects.create(
        resource=row, number=row.revision_count, kind=kind, source="event", config=config,
        change_class="security", captured_at=now, summary="+ in tcp 22" if config else "",
        complete_hash="-", durable_hash="-", normaliser_version=1, account=row.account,
        region=row.region, technology=row.technology, actor="alice",
    )  # fmt: skip


def refer(source: CloudResource, target: str) -> None:
    Relation.objects.create(source=source, kind="prefix list", target=target)


def audit(*rows: CloudResource, now: datetime = NOW) -> None:
    """Audit these, and leave them as the database has them."""
    audit_resources([row.pk for row in rows], now=now)
    for row in rows:
        row.refresh_from_db()


def sweep(now: datetime) -> int:
    return audit_due(now=now)


def states() -> list[tuple[str, str, int]]:
    """Of all findings: subject, status and score."""
    return list(Finding.objects.order_by("subject").values_list("subject", "status", "score"))


def finding(subject: str = "a") -> Finding:
    return Finding.objects.select_related("account__team").get(subject=subject)


def make_acceptance(row: Finding, **values: Any) -> RiskAcceptance:
    """Of a finding, in force."""
    given = {
        "fingerprint": row.fingerprint, "check_id": row.check_id, "resource": row.resource,
        "account": row.account, "reason": "known", "accepted_by": "carol", "approved_by": "dave",
        "accepted_at": NOW, "expires_at": later(days=30), "max_score": 10, **values,
    }  # fmt: skip
    return RiskAcceptance.objects.create(**given)
