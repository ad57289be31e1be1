"""Resources with a history, written as collections write them, without a cloud."""

import ipaddress
from datetime import datetime
from typing import Any

from msgspec import to_builtins

from security.collect.relate import in_ipv6
from security.collectors import Collector, collector_of
from security.diff import compare, summary_of
from security.models import AddressUse, CloudAccount, CloudResource, ConfigRevision, Relation
from security.normalise import settle
from tests.alerts.moto import REGION
from tests.security.collecting import GROUPS, NOW


def rule(peer: str = "10.0.0.0/8", description: str = "", port: int = 22) -> dict[str, Any]:
    """A rule that lets in."""
    return {
        "direction": "in", "protocol": "tcp", "from": port, "to": port, "kind": "ipv4",
        "peer": peer, "description": description,
    }  # fmt: skip


def group_of(*rules: dict[str, Any], **facets: Any) -> dict[str, Any]:
    """The configuration of a security group."""
    return {"name": "web", "description": "d", "vpc": "vpc-1", "rules": list(rules), **facets}


def make_resource(
    account: CloudAccount,
    resource_id: str,
    config: dict[str, Any],
    *,
    at: datetime = NOW,
    technology: str = GROUPS,
    **fields: Any,
) -> CloudResource:
    """One that was first seen at that time, with its first revision."""
    given = {"region": REGION, "name": config.get("name", ""), "tags": {}, **fields}
    resource = CloudResource.objects.create(
        account=account, technology=technology, resource_id=resource_id, first_seen_at=at,
        changed_at=at, captured_at=at, complete_hash="", durable_hash="", normaliser_version=1,
        config={}, **given,
    )  # fmt: skip
    revise(resource, config, at=at, kind="created")
    return resource


def revise(
    resource: CloudResource, config: dict[str, Any], *, at: datetime, kind: str = "changed",
    **fields: Any,
) -> ConfigRevision:  # fmt: skip
    """Another revision of it."""
    collector = collector_of(resource.technology) or Collector
    settled = settle(config, collector.shape, secret=b"x")
    ops = compare(resource.config, settled.config, collector.shape) if kind == "changed" else []
    resource.revision_count += 1
    resource.config, resource.complete_hash = settled.config, settled.complete_hash
    resource.captured_at = resource.changed_at = at
    if kind == "deleted":
        resource.state, resource.deleted_at = "deleted", at
    elif kind == "restored":
        resource.state, resource.deleted_at = "active", None
    resource.save()
    AddressUse.objects.filter(resource=resource, until=None).update(until=at)
    Relation.objects.filter(source=resource).delete()
    if kind != "deleted":
        _relate(resource, collector, at)
    given = {
        "source": "poll", "change_class": "security", "tags": resource.tags,
        "attribution": "pending", **fields,
    }  # fmt: skip
    return ConfigRevision.objects.create(
        resource=resource, number=resource.revision_count, kind=kind, captured_at=at,
        config=settled.config, changes=to_builtins(ops),
        summary=summary_of(ops, collector.shape, collector.words),
        complete_hash=settled.complete_hash, durable_hash=settled.durable_hash,
        normaliser_version=1, account=resource.account, region=resource.region,
        technology=resource.technology, **given,
    )  # fmt: skip


def _relate(resource: CloudResource, collector: type[Collector], at: datetime) -> None:
    for role, cidr, note in collector.networks(resource.config):
        first, length = in_ipv6(ipaddress.ip_network(cidr))
        AddressUse.objects.create(
            resource=resource, role=role, first=first, length=length, cidr=cidr, note=note, since=at
        )
    for kind, target in set(collector.links(resource.config)):
        Relation.objects.create(source=resource, kind=kind, target=target)
