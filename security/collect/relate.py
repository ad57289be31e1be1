"""What resources refer to, and their addresses, kept beside them to find them by."""

import ipaddress
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from opsportal.lib.fields import clean
from opsportal.lib.ids import IdIn
from opsportal.lib.insert import insert_rows
from security.collectors import Collector, Link, Network
from security.models import AddressUse, CloudResource, Relation

log = logging.getLogger(__name__)
Row = TypeVar("Row", Link, Network)

_LONGEST = 1000


def relate(
    created: Sequence[CloudResource],
    updated: Sequence[CloudResource],
    collector: type[Collector],
    *,
    now: datetime,
) -> None:
    """Store what is different of it; what is deleted refers to nothing and has no address."""
    ids = [row.pk for row in updated]
    relations = Relation.objects.filter(IdIn(ids, "source_id"))
    uses = AddressUse.objects.filter(IdIn(ids, "resource_id"), until=None)
    old_links = {(r.source_id, r.kind, r.target): r.pk for r in relations} if ids else {}
    old_uses = {(u.resource_id, u.role, u.cidr, u.note): u.pk for u in uses} if ids else {}
    there = [row for row in (*created, *updated) if row.state != CloudResource.State.DELETED]
    links = dict.fromkeys(key for row in there for key in _links(row, collector))
    networks = dict.fromkeys(key for row in there for key in _networks(row, collector))
    if gone := [pk for key, pk in old_links.items() if key not in links]:
        Relation.objects.filter(IdIn(gone)).delete()
    if over := [pk for key, pk in old_uses.items() if key not in networks]:
        # What is gone had them no longer than until it was missed: somebody else may since.
        missed = CloudResource.objects.filter(pk=OuterRef("resource_id")).values("missing_at")
        AddressUse.objects.filter(IdIn(over)).update(until=Coalesce(Subquery(missed), now))
    insert_rows(
        [
            Relation(source_id=source, kind=kind, target=target)
            for source, kind, target in links
            if (source, kind, target) not in old_links
        ]
    )
    insert_rows([_use(*key, now) for key in networks if key not in old_uses])


def _links(row: CloudResource, collector: type[Collector]) -> Iterator[tuple[int, str, str]]:
    for kind, target in _read(collector.links, row.config):
        if target and len(target) <= _LONGEST:
            yield row.pk, kind, clean(target)


def _networks(
    row: CloudResource, collector: type[Collector]
) -> Iterator[tuple[int, str, str, str]]:
    for role, cidr, note in _read(collector.networks, row.config):
        try:
            plain = _read_network(cidr)[0]
        except ValueError:
            continue
        yield row.pk, role, plain, clean(note)[:200]


def _read(
    read: Callable[[Mapping[str, Any]], Iterator[Row]], config: Mapping[str, Any]
) -> list[Row]:
    """What it says of a configuration, which may lack facets that could never be read."""
    try:
        return list(read(config))
    except (AttributeError, LookupError, TypeError, ValueError):
        log.warning("a collector does not understand a configuration", exc_info=True)
        return []


def _use(resource: int, role: str, cidr: str, note: str, now: datetime) -> AddressUse:
    _, first, length = _read_network(cidr)
    return AddressUse(
        resource_id=resource, role=role, first=first, length=length, cidr=cidr, note=note,
        since=now,
    )  # fmt: skip


@lru_cache(maxsize=10_000)
def _read_network(cidr: str) -> tuple[str, str, int]:
    """As people write it, and as `in_ipv6` does: the same ones stand in many rules."""
    network = ipaddress.ip_network(cidr, strict=False)
    return str(network), *in_ipv6(network)


def in_ipv6(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> tuple[str, int]:
    """The first address as 32 hex digits and the length of the prefix (RFC 4291: IPv4 mapped)."""
    number, length = int(network.network_address), network.prefixlen
    if network.version == 4:
        number, length = number | 0xFFFF << 32, length + 96
    return f"{number:032x}", length
