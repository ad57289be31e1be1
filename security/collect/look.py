"""Ask AWS, and keep what is different from what is known. No transaction is open meanwhile."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from opsportal.lib.crypto import derived_key
from security.cloud import Gone, Trouble, open_access, trouble_of
from security.collect.complete import complete_found
from security.collectors import Collector
from security.models import CloudResource, Collection, Scope
from security.normalise import Found, Same, Settled, Unknown, settle


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of a resource, short."""

    pk: int
    complete_hash: str
    normaliser_version: int
    state: str
    captured_at: datetime
    has_unknown: bool


@dataclass(slots=True)
class Seen:
    """A resource that is different from what is known of it."""

    found: Found
    settled: Settled
    captured_at: datetime


@dataclass
class Sighting:
    """What one asking came to."""

    listed: set[str] = field(default_factory=set)
    different: list[Seen] = field(default_factory=list)
    # Asked for by id, and AWS says that they are not there.
    gone: set[str] = field(default_factory=set)
    trouble: Trouble | None = None
    # Of each resource with facets that could not be read.
    unknown: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    undeclared: set[str] = field(default_factory=set)

    @property
    def complete(self) -> bool:
        """Whether every page was read."""
        return self.trouble is None


def known_in(scope: Scope, collector: type[Collector]) -> dict[str, Stored]:
    """What is known of the scope's resources."""
    rows = resources_of(scope, collector).values_list(
        "resource_id", "pk", "complete_hash", "normaliser_version", "state", "captured_at",
        "unknown",
    )  # fmt: skip
    return {row[0]: Stored(row[1], row[2], row[3], row[4], row[5], bool(row[6])) for row in rows}


def resources_of(scope: Scope, collector: type[Collector]) -> Any:
    """The rows of a scope; a global listing has those of all regions."""
    rows = CloudResource.objects.filter(account_id=scope.account_id, technology=scope.technology)
    return rows.filter(region=scope.region) if collector.regional else rows


def look(
    collection: Collection,
    scope: Scope,
    collector: type[Collector],
    known: Mapping[str, Stored],
    *,
    clock: Callable[[], datetime],
) -> Sighting:
    """Ask for all of it, or for the collection's targets. Raises nothing of AWS's."""
    sighting = Sighting()
    sift = _Sift(scope, collector, known, sighting)
    try:
        access = open_access(scope.account, scope.region, now=clock())
        if collection.is_full:
            asked_at = clock()
            for page in collector.pages(access):
                sift.take(page, asked_at)
                asked_at = clock()
        for target in (*collection.targets, *_doubtful(collection, collector, known, sighting)):
            asked_at = clock()
            try:
                sift.take([collector.fetch(access, target)], asked_at)
            except Gone:
                sighting.gone.add(target)
    except (ClientError, BotoCoreError) as error:
        sighting.trouble = trouble_of(error)
    return sighting


def _doubtful(
    collection: Collection,
    collector: type[Collector],
    known: Mapping[str, Stored],
    sighting: Sighting,
) -> list[str]:
    """What a listing that is hours old says nothing of."""
    if not (collection.is_full and collector.listing_lags):
        return []
    return [
        resource_id
        for resource_id, row in known.items()
        if resource_id not in sighting.listed and row.state != CloudResource.State.DELETED
    ]


class _Sift:
    """Lets through what is different."""

    def __init__(
        self,
        scope: Scope,
        collector: type[Collector],
        known: Mapping[str, Stored],
        sighting: Sighting,
    ) -> None:
        self._scope, self._collector, self._known = scope, collector, known
        self._sighting = sighting
        self._principals = _principals(scope) if collector.shape.policies else {}

    def take(self, page: Iterable[Found], captured_at: datetime) -> None:
        """One page."""
        rows = self._completed(list(page))
        before = self._before(rows)
        shape = self._collector.shape
        for found in rows:
            settled = settle(
                found.config,
                shape,
                secret=secret(),
                before=before.get(found.resource_id),
                principals=self._principals,
            )
            self._sighting.listed.add(found.resource_id)
            self._sighting.undeclared |= settled.undeclared
            if settled.unknown:
                self._sighting.unknown[found.resource_id] = settled.unknown
            if self._is_different(found.resource_id, settled):
                self._sighting.different.append(Seen(found, settled, captured_at))

    def _is_different(self, resource_id: str, settled: Settled) -> bool:
        known = self._known.get(resource_id)
        if known is None:
            return self._collector.is_kept(settled.config)
        return (
            known.complete_hash != settled.complete_hash
            or known.normaliser_version != self._collector.shape.version
            or known.state != CloudResource.State.ACTIVE
            or known.has_unknown != bool(settled.unknown)
        )

    def _before(self, rows: Sequence[Found]) -> dict[str, dict[str, Any]]:
        """The configurations so far of those with facets that could not be read."""
        ids = [
            found.resource_id
            for found in rows
            if any(isinstance(value, (Unknown, Same)) for value in found.config.values())
        ]
        return self._configs(ids)

    def _configs(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        if not ids:
            return {}
        known = resources_of(self._scope, self._collector).filter(resource_id__in=ids)
        return dict(known.values_list("resource_id", "config"))

    def _completed(self, rows: Sequence[Found]) -> Sequence[Found]:
        """With the facets that cost more; those of what is known well enough stay as they are."""
        if not any(found.more for found in rows):
            return rows
        ids = [found.resource_id for found in rows if found.more]
        known = self._configs([name for name in ids if self._is_well_known(name)])
        return complete_found(rows, known, self._collector)

    def _is_well_known(self, resource_id: str) -> bool:
        known = self._known.get(resource_id)
        return (
            known is not None
            and known.state == CloudResource.State.ACTIVE
            and known.normaliser_version == self._collector.shape.version
            and not known.has_unknown
        )


def _principals(scope: Scope) -> dict[str, str]:
    """The ARNs that the account's unique ids stand for."""
    rows = CloudResource.objects.filter(account_id=scope.account_id).exclude(unique_id="")
    return dict(rows.values_list("unique_id", "arn"))


@cache
def _secret(key: str) -> bytes:
    return derived_key(key, "opsportal security hashes")


def secret() -> bytes:
    """What keys the hashes of secrets: of the oldest key, so that rotating it changes no hash."""
    return _secret([settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS][-1])
