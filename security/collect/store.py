"""Store what is different: resources, revisions, relations, addresses, and the timeline.

All within the transaction of the collection; the number of statements does not grow with what
changed.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import to_builtins

from chronos.normalise import Change
from chronos.record import record_changes
from opsportal.lib.ids import IdIn
from security.collect.look import Seen
from security.collectors import Collector
from security.diff import Op, compare, summary_of
from security.models import AddressUse, CloudResource, ConfigRevision, Relation, Scope
from security.normalise import CLASSES, COSMETIC, settle

_BATCH = 500
State = CloudResource.State
_UPDATED = (
    "arn", "name", "unique_id", "state", "changed_at", "captured_at", "missing_at", "deleted_at",
    "complete_hash", "durable_hash", "normaliser_version", "config", "unknown", "tags",
    "revision_count", "audit_at",
)  # fmt: skip


@dataclass
class Stored:
    """What became of it."""

    created: list[CloudResource] = field(default_factory=list)
    updated: list[CloudResource] = field(default_factory=list)
    revisions: list[ConfigRevision] = field(default_factory=list)


class Writer:
    """Writes the changes of one collection."""

    def __init__(
        self, scope: Scope, collector: type[Collector], *, source: str, baseline: bool,
        now: datetime,
    ) -> None:  # fmt: skip
        self._scope, self._collector, self._source = scope, collector, source
        self._baseline, self._now = baseline, now
        self.stored = Stored()

    def take(self, seen: Seen, resource: CloudResource | None) -> None:
        """One that is different from what is known; nothing is stored yet."""
        if resource is None:
            resource = self._new(seen)
            self.stored.created.append(resource)
            self._revise(resource, ConfigRevision.Kind.CREATED, None, seen.captured_at)
            return
        if seen.captured_at < resource.captured_at:
            return  # somebody has seen it later than we
        before, was = resource.config, resource.state
        rehashed = self._same_by_new_rules(resource, seen)
        self._fill(resource, seen)
        if was == State.DELETED:
            self._revise(resource, ConfigRevision.Kind.RESTORED, None, seen.captured_at)
        elif not rehashed:
            self._revise(resource, ConfigRevision.Kind.CHANGED, before, seen.captured_at)
        self.stored.updated.append(resource)

    def delete(self, resource: CloudResource, captured_at: datetime) -> None:
        """One that is proved to be gone."""
        resource.state, resource.deleted_at = State.DELETED, self._now
        resource.missing_at = resource.missing_at or self._now
        resource.audit_at = self._now
        resource.captured_at = max(captured_at, resource.captured_at)
        self._revise(resource, ConfigRevision.Kind.DELETED, resource.config, captured_at)
        self.stored.updated.append(resource)

    def miss(self, resource: CloudResource) -> None:
        """One that a complete listing did not have."""
        resource.state, resource.missing_at = State.MISSING, self._now
        self.stored.updated.append(resource)

    def _new(self, seen: Seen) -> CloudResource:
        found = seen.found
        resource = CloudResource(
            account_id=self._scope.account_id,
            region=self._scope.region if found.region is None else found.region,
            technology=self._scope.technology,
            resource_id=found.resource_id,
            first_seen_at=self._now,
            changed_at=self._now,
        )
        self._fill(resource, seen)
        return resource

    def _fill(self, resource: CloudResource, seen: Seen) -> None:
        found, settled = seen.found, seen.settled
        resource.arn, resource.name = found.arn[:1200], found.name[:500]
        resource.unique_id = found.unique_id[:40]
        if "tags" not in settled.unknown:
            resource.tags = dict(found.tags)
        resource.config, resource.unknown = settled.config, settled.unknown
        resource.complete_hash, resource.durable_hash = settled.complete_hash, settled.durable_hash
        resource.normaliser_version = self._collector.shape.version
        resource.state = State.ACTIVE
        resource.missing_at = resource.deleted_at = None
        resource.captured_at = seen.captured_at
        resource.audit_at = self._now

    def _same_by_new_rules(self, resource: CloudResource, seen: Seen) -> bool:
        """Whether the durable configuration is the same, however it was written before."""
        if resource.durable_hash == seen.settled.durable_hash:
            return True
        if resource.normaliser_version == self._collector.shape.version:
            return False
        again = settle(resource.config, self._collector.shape, secret=b"")
        return again.durable_hash == seen.settled.durable_hash

    def _revise(
        self, resource: CloudResource, kind: str, before: Any, captured_at: datetime
    ) -> None:
        after: dict[str, Any] = {} if kind == ConfigRevision.Kind.DELETED else resource.config
        ops = compare(before, after, self._collector.shape) if before is not None else []
        resource.revision_count += 1
        resource.changed_at = self._now
        self.stored.revisions.append(
            ConfigRevision(
                resource=resource,
                number=resource.revision_count,
                kind=kind,
                source=self._source,
                change_class=class_of(ops) if kind == ConfigRevision.Kind.CHANGED else "security",
                captured_at=captured_at,
                captured_before_at=None if self._baseline else self._scope.complete_at,
                config=resource.config,
                tags=resource.tags,
                changes=to_builtins(ops) if kind == ConfigRevision.Kind.CHANGED else [],
                summary=self._summary(ops) if kind == ConfigRevision.Kind.CHANGED else "",
                complete_hash=resource.complete_hash,
                durable_hash=resource.durable_hash,
                normaliser_version=resource.normaliser_version,
                account_id=resource.account_id,
                region=resource.region,
                technology=resource.technology,
                attribution="baseline" if self._baseline else "pending",
            )
        )

    def _summary(self, ops: Sequence[Op]) -> str:
        return summary_of(ops, self._collector.shape, self._collector.words)

    def store(self) -> Stored:
        """Write all of it."""
        stored = self.stored
        CloudResource.objects.bulk_create(stored.created, batch_size=_BATCH)
        CloudResource.objects.bulk_update(stored.updated, _UPDATED, batch_size=_BATCH)
        self._tell()
        ConfigRevision.objects.bulk_create(stored.revisions, batch_size=_BATCH)
        self._relate()
        return stored

    def _tell(self) -> None:
        """Put durable changes on the timeline; not what was there when we first looked."""
        told = [] if self._baseline else self.stored.revisions
        receipts = record_changes([self._change(row) for row in told], now=self._now)
        for revision, receipt in zip(told, receipts, strict=True):
            revision.event_id = receipt.event_id

    def _change(self, revision: ConfigRevision) -> Change:
        resource = revision.resource
        account = self._scope.account
        name = resource.name or resource.resource_id
        about = f": {revision.summary}" if revision.summary else ""
        return Change(
            kind="security",
            action=revision.kind,
            title=f"{self._collector.noun} {name} {revision.kind}{about}"[:500],
            started_at=revision.captured_at,
            ended_at=revision.captured_at,
            external_id=f"security:{resource.pk}:{revision.number}",
            region=resource.region,
            subject=f"{resource.technology} {resource.resource_id}"[:200],
            labels={
                "account": account.account_id,
                "account_name": account.name,
                "technology": resource.technology,
                "resource": resource.resource_id[:200],
                "change_class": revision.change_class,
            },
            data={"changes": revision.changes[:20]},
        )

    def _relate(self) -> None:
        """What they refer to, and their addresses, anew."""
        touched = [*self.stored.created, *self.stored.updated]
        if not touched:
            return
        ids = [row.pk for row in self.stored.updated]
        if ids:
            Relation.objects.filter(source_id__in=ids).delete()
            AddressUse.objects.filter(resource_id__in=ids, until=None).update(until=self._now)
        there = [row for row in touched if row.state != State.DELETED]
        Relation.objects.bulk_create(
            [
                Relation(source=row, kind=kind, target=target)
                for row in there
                for kind, target in sorted(set(self._collector.links(row.config)))
            ],
            batch_size=_BATCH,
        )
        AddressUse.objects.bulk_create(
            [use for row in there for use in self._uses(row)], batch_size=_BATCH
        )

    def _uses(self, resource: CloudResource) -> Iterator[AddressUse]:
        for role, cidr, note in sorted(set(self._collector.networks(resource.config))):
            try:
                network = ipaddress.ip_network(cidr, strict=False)
            except ValueError:
                continue
            first, length = in_ipv6(network)
            yield AddressUse(
                resource=resource, role=role, first=first, length=length, cidr=str(network),
                note=note[:200], since=self._now,
            )  # fmt: skip


def class_of(ops: Sequence[Op]) -> str:
    """The gravest class of the differences."""
    return min((op.change_class for op in ops), key=CLASSES.index, default=COSMETIC)


def in_ipv6(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> tuple[str, int]:
    """The first address as 32 hex digits and the length of the prefix (RFC 4291: IPv4 mapped)."""
    number, length = int(network.network_address), network.prefixlen
    if network.version == 4:
        number, length = number | 0xFFFF << 32, length + 96
    return f"{number:032x}", length


def resources_by_id(ids: Sequence[int]) -> dict[int, CloudResource]:
    """Rows that are written, locked in the order of their ids."""
    if not ids:
        return {}
    rows = CloudResource.objects.select_for_update().filter(IdIn(ids)).order_by("pk")
    return {row.pk: row for row in rows}
