"""Ask AWS, and keep what is different from what is known. No transaction is open meanwhile."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.db import DatabaseError
from msgspec.structs import replace

from opsportal.lib.aws import Access, Gone, Trouble, Unknown, open_access, trouble_of
from opsportal.lib.aws.access import forget_credentials
from opsportal.lib.fields import clean
from security.collect.complete import complete_found
from security.collect.known import Known, Principals, resources_of, secret
from security.collectors import Collector
from security.models import CloudResource, Collection, Scope
from security.normalise import Found, Same, Settled, settle

log = logging.getLogger(__name__)

# A listing that begins empty where more than this was known is asked for once more.
SUSPICIOUS = 10
# Characters of an id that the database keeps.
_LONGEST_ID = 1000
# Of tables and lists in each other.
_DEEPEST = 100


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
    different: dict[str, Seen] = field(default_factory=dict)
    # Asked for by id, and AWS says that they are not there.
    gone: set[str] = field(default_factory=set)
    # What ended it before its end.
    trouble: Trouble | None = None
    # Resources that could not be read by themselves, and why.
    unread: dict[str, Trouble] = field(default_factory=dict)
    # Of each resource with facets that could not be read.
    unknown: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    undeclared: set[str] = field(default_factory=set)

    @property
    def complete(self) -> bool:
        """Whether every page was read."""
        return self.trouble is None


def look(
    collection: Collection,
    scope: Scope,
    collector: type[Collector],
    known: Mapping[str, Known],
    *,
    clock: Callable[[], datetime],
) -> Sighting:
    """Ask for all of it, or for the collection's targets. Raises nothing but the database's."""
    sighting = Sighting()
    sift = _Sift(scope, collector, known, sighting)
    try:
        access = open_access(scope.account, scope.region, now=clock())
        if collection.is_full:
            _list(collector, access, known, sift, clock)
        else:
            _fetch(collection.targets, collector, access, sift, clock)
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a changed answer makes of a collector
        sighting.trouble = _trouble(error, scope)
    trouble = sighting.trouble
    if trouble is not None and trouble.is_of_credentials:
        forget_credentials(scope.account)
    return sighting


def _list(
    collector: type[Collector],
    access: Access,
    known: Mapping[str, Known],
    sift: "_Sift",
    clock: Callable[[], datetime],
) -> None:
    asked_at = clock()
    active = sum(row.state == CloudResource.State.ACTIVE for row in known.values())
    for page in _pages(collector, access, active):
        sift.take(page, asked_at)
        asked_at = clock()
    if collector.listing_lags:
        _fetch(_absent(known, sift.sighting), collector, access, sift, clock)


def _absent(known: Mapping[str, Known], sighting: Sighting) -> list[str]:
    """What a listing that is hours old says nothing of."""
    return [
        name
        for name, row in known.items()
        if name not in sighting.listed and row.state != CloudResource.State.DELETED
    ]


def _pages(collector: type[Collector], access: Access, expected: int) -> Iterator[Sequence[Found]]:
    """The pages; from the beginning once more if they begin emptier than one can believe."""
    pages = iter(collector.pages(access))
    first = next(pages, ())
    if not first and expected > SUSPICIOUS:
        pages = iter(collector.pages(access))
        first = next(pages, ())
    yield first
    yield from pages


def _fetch(
    targets: Iterable[str],
    collector: type[Collector],
    access: Access,
    sift: "_Sift",
    clock: Callable[[], datetime],
) -> None:
    """One after the other; one that fails is no reason not to ask for the next."""
    sighting = sift.sighting
    for target in targets:
        asked_at = clock()
        try:
            found = collector.fetch(access, target)
        except Gone:
            sighting.gone.add(target)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            sighting.trouble = sighting.unread[target] = _trouble(error, sift.scope)
        else:
            sift.take([found], asked_at)


def _trouble(error: Exception, scope: Scope) -> Trouble:
    if not isinstance(error, (ClientError, BotoCoreError)):
        log.warning("collector failed", exc_info=error, extra={"scope": str(scope)})
    return trouble_of(error)


def _check_depth(config: Mapping[str, Any]) -> None:
    """Raises ValueError for what is nested deeper than everybody after us can follow."""
    level: list[Any] = [config]
    for _ in range(_DEEPEST):
        inner = [
            value
            for table in level
            for value in (table.values() if isinstance(table, dict) else table)
            if isinstance(value, (dict, list))
        ]
        if not inner:
            return
        level = inner
    raise ValueError(f"nested deeper than {_DEEPEST} levels")


def _presentable(found: Found) -> Found:
    """What is shown beside the configuration, as the database keeps it."""
    return replace(
        found,
        arn=clean(found.arn)[:1200],
        name=clean(found.name)[:500],
        unique_id=clean(found.unique_id)[:40],
        tags={clean(str(name)): clean(str(value)) for name, value in found.tags.items()},
        region=None if found.region is None else clean(found.region)[:30],
    )


class _Sift:
    """Lets through what is different."""

    def __init__(
        self,
        scope: Scope,
        collector: type[Collector],
        known: Mapping[str, Known],
        sighting: Sighting,
    ) -> None:
        self.scope, self.sighting = scope, sighting
        self._collector, self._known = collector, known
        self._principals = Principals(scope.account_id)

    def take(self, page: Iterable[Found], captured_at: datetime) -> None:
        """One page. What cannot be understood of it is known by its id only."""
        rows = self._completed(list(page))
        before = self._before(rows)
        for found in rows:
            resource_id = clean(found.resource_id)
            if len(resource_id) > _LONGEST_ID:
                trouble = Trouble.failed("IdTooLong", f"{len(resource_id)} characters")
                self.sighting.unread[resource_id[:_LONGEST_ID]] = trouble
                continue
            self.sighting.listed.add(resource_id)
            try:
                settled = self._settle(found, before.get(resource_id))
                self._sift(resource_id, found, settled, captured_at)
            except DatabaseError:
                raise
            except Exception as error:  # noqa: BLE001 - nesting, numbers beyond all bounds
                self.sighting.unread[resource_id] = _trouble(error, self.scope)

    def _settle(self, found: Found, before: Mapping[str, Any] | None) -> Settled:
        return settle(
            found.config,
            self._collector.shape,
            secret=secret(),
            before=before,
            principals=self._principals,
        )

    def _sift(
        self, resource_id: str, found: Found, settled: Settled, captured_at: datetime
    ) -> None:
        sighting, known = self.sighting, self._known.get(resource_id)
        sighting.undeclared |= settled.undeclared
        if settled.unknown:
            sighting.unknown[resource_id] = settled.unknown
        if known is None and not self._collector.is_kept(settled.config):
            return
        if (
            known is None
            or known.complete_hash != settled.complete_hash
            or known.normaliser_version != self._collector.shape.version
            or known.state != CloudResource.State.ACTIVE
            or known.unique_id != found.unique_id[:40]
            or known.unknown != settled.unknown.keys()
        ):
            _check_depth(settled.config)
            sighting.different[resource_id] = Seen(_presentable(found), settled, captured_at)
        else:
            # Listed twice, and meanwhile it is again as it was.
            sighting.different.pop(resource_id, None)

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
        known = resources_of(self.scope, self._collector).filter(resource_id__in=ids)
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
            and not known.unknown
        )
