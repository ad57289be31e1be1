"""Store what is different: resources, revisions, relations, addresses, and the timeline.

All within the transaction of the collection; the number of statements does not grow with what
changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import to_builtins

from opsportal.lib.fields import clean
from opsportal.lib.insert import insert_rows
from security.collect.announce import announce
from security.collect.known import Principals
from security.collect.look import Seen
from security.collect.relate import relate
from security.collectors import Collector
from security.diff import Op, compare, summary_of
from security.models import CloudResource, ConfigRevision, Scope
from security.normalise import CLASSES, COSMETIC, SECURITY, settle

_BATCH = 1000
State, Kind = CloudResource.State, ConfigRevision.Kind
BASELINE, PENDING = ConfigRevision.Attribution.BASELINE, ConfigRevision.Attribution.PENDING
_UPDATED = (
    "arn", "name", "unique_id", "region", "state", "changed_at", "captured_at", "missing_at",
    "deleted_at", "complete_hash", "durable_hash", "normaliser_version", "config", "unknown",
    "tags", "revision_count", "audit_at",
)  # fmt: skip
# Of a scope that is written in a new form: more than this share and this number that differ at
# once differ because of the form.
_STORM_SHARE, _STORM_NUMBER = 0.3, 10


@dataclass
class Stored:
    """What became of it."""

    created: list[CloudResource] = field(default_factory=list)
    updated: list[CloudResource] = field(default_factory=list)
    revisions: list[ConfigRevision] = field(default_factory=list)


class Writer:
    """Writes the changes of one collection."""

    def __init__(
        self, scope: Scope, collector: type[Collector], *, source: str, now: datetime
    ) -> None:
        self._scope, self._collector, self._source = scope, collector, source
        self._baseline, self._now = scope.complete_at is None, now
        self._principals = Principals(scope.account_id)
        self._upgraded = 0
        self._by_new_rules: list[ConfigRevision] = []
        self._moved: list[CloudResource] = []
        self.stored = Stored()

    def take(self, resource_id: str, seen: Seen, resource: CloudResource | None) -> None:
        """One that is different from what is known; nothing is stored yet."""
        if resource is None:
            resource = self._new(resource_id, seen)
            self.stored.created.append(resource)
            self._revise(resource, Kind.CREATED, seen.captured_at)
            return
        before, was, version = resource.config, resource.state, resource.normaliser_version
        durable, unread = resource.durable_hash, resource.unknown.keys() - before.keys()
        captured_before = resource.captured_at
        self._fill(resource, seen)
        self.stored.updated.append(resource)
        self._moved.append(resource)
        if was == State.DELETED:
            self._revise(resource, Kind.RESTORED, seen.captured_at, captured_before)
            return
        upgraded = version != self._collector.shape.version
        self._upgraded += upgraded
        if durable == resource.durable_hash:
            return
        if upgraded or self._collector.shape.policies:
            # As it would be written now: in the new form, and with the principals that are known.
            again = settle(before, self._collector.shape, secret=None, principals=self._principals)
            if again.durable_hash == resource.durable_hash:
                return
            before = again.config
        self._change(resource, before, unread, captured_before, upgraded=upgraded)

    def _change(
        self,
        resource: CloudResource,
        before: Mapping[str, Any],
        unread: set[str],
        captured_before: datetime,
        *,
        upgraded: bool,
    ) -> None:
        """A revision of what differs, without what was only never read before."""
        after = resource.config
        first = {name for name in unread if name in after}
        if upgraded:
            first |= after.keys() - before.keys()
            before = {name: value for name, value in before.items() if name in after}
        before = {**before, **{name: after[name] for name in first}}
        ops = compare(before, after, self._collector.shape)
        revision = self._revise(
            resource, Kind.CHANGED, resource.captured_at, captured_before, ops,
            quiet=not ops,
        )  # fmt: skip
        if upgraded:
            self._by_new_rules.append(revision)

    def delete(self, resource: CloudResource, captured_at: datetime) -> None:
        """One that is proved to be gone."""
        resource.state, resource.deleted_at = State.DELETED, self._now
        resource.missing_at = resource.missing_at or self._now
        before = resource.captured_at
        resource.captured_at = max(captured_at, before)
        resource.audit_at = self._now
        self.stored.updated.append(resource)
        self._moved.append(resource)
        self._revise(resource, Kind.DELETED, resource.captured_at, before)

    def miss(self, resource: CloudResource) -> None:
        """One that a complete listing did not have."""
        resource.state, resource.missing_at = State.MISSING, self._now
        self.stored.updated.append(resource)

    def _new(self, resource_id: str, seen: Seen) -> CloudResource:
        resource = CloudResource(
            account_id=self._scope.account_id,
            region=self._scope.region,
            technology=self._scope.technology,
            resource_id=resource_id,
            first_seen_at=self._now,
            changed_at=self._now,
            captured_at=seen.captured_at,
        )
        self._fill(resource, seen)
        return resource

    def _fill(self, resource: CloudResource, seen: Seen) -> None:
        found, settled = seen.found, seen.settled
        if found.region is not None:
            resource.region = found.region
        resource.arn, resource.name = found.arn, found.name
        resource.unique_id = found.unique_id
        if "tags" not in settled.unknown:
            resource.tags = dict(found.tags)
        resource.config, resource.unknown = settled.config, settled.unknown
        resource.complete_hash, resource.durable_hash = settled.complete_hash, settled.durable_hash
        resource.normaliser_version = self._collector.shape.version
        resource.state = State.ACTIVE
        resource.missing_at = resource.deleted_at = None
        # A clock that was put back must not put it before what is known already.
        resource.captured_at = max(seen.captured_at, resource.captured_at)
        resource.audit_at = self._now

    def _revise(
        self,
        resource: CloudResource,
        kind: str,
        captured_at: datetime,
        captured_before: datetime | None = None,
        ops: Sequence[Op] = (),
        *,
        quiet: bool = False,
    ) -> ConfigRevision:
        resource.revision_count += 1
        resource.changed_at = self._now
        changed = kind == Kind.CHANGED
        revision = ConfigRevision(
            resource=resource,
            number=resource.revision_count,
            kind=kind,
            source=self._source,
            change_class=class_of(ops) if changed else SECURITY,
            captured_at=captured_at,
            captured_before_at=self._seen_before(captured_at, captured_before),
            config=resource.config,
            tags=resource.tags,
            changes=to_builtins(list(ops)),
            summary=self._summary(ops) if changed else "",
            complete_hash=resource.complete_hash,
            durable_hash=resource.durable_hash,
            normaliser_version=resource.normaliser_version,
            account_id=resource.account_id,
            region=resource.region,
            technology=resource.technology,
            attribution=BASELINE if self._baseline or quiet else PENDING,
        )
        self.stored.revisions.append(revision)
        return revision

    def _summary(self, ops: Sequence[Op]) -> str:
        return clean(summary_of(ops, self._collector.shape, self._collector.words))

    def _seen_before(self, at: datetime, captured: datetime | None) -> datetime | None:
        """When it was last seen as it was before: with everything else, or by itself."""
        known = [when for when in (captured, self._scope.complete_at) if when is not None]
        return None if self._baseline or not known else min(max(known), at)

    def store(self) -> Stored:
        """Write all of it."""
        stored = self.stored
        if not stored.created and not stored.updated:
            return stored
        if len(self._by_new_rules) > max(_STORM_NUMBER, _STORM_SHARE * self._upgraded):
            for revision in self._by_new_rules:
                revision.attribution = BASELINE
        insert_rows(stored.created)
        CloudResource.objects.bulk_create(
            stored.updated,
            batch_size=_BATCH,
            update_conflicts=True,
            update_fields=_UPDATED,
            unique_fields=["id"],
        )
        told = [row for row in stored.revisions if row.attribution != BASELINE]
        announce(told, self._scope.account, self._collector, now=self._now)
        for revision in stored.revisions:
            revision.resource = revision.resource  # which has its id by now
        insert_rows(stored.revisions)
        relate(stored.created, self._moved, self._collector, now=self._now)
        return stored


def class_of(ops: Sequence[Op]) -> str:
    """The gravest class of the differences."""
    return min((op.change_class for op in ops), key=CLASSES.index, default=COSMETIC)
