"""Who has an address, which rules admit it, what lies within a network; now or at a time."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from opsportal.lib.api import parse_time
from security.models import AddressUse
from security.search.params import Params, check_choices, last_of, refused, values_of

_BITS = 128
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class AddressQuery:
    """A network (an address is one of its own); at a time, or ever when `ever`."""

    network: Network
    role: tuple[str, ...] = ()
    # Also what lies within the network, and not only what has all of it.
    within: bool = True
    at: datetime | None = None
    ever: bool = False


def read_addresses(params: Params, *, now: datetime) -> AddressQuery:
    """The query that URL parameters describe; without `at` it is of now. Raises PayloadError."""
    single = last_of(params, ("q", "at"))
    role = values_of(params, ("role",))["role"]
    check_choices("role", role, AddressUse.Role.values)
    try:
        network = ipaddress.ip_network(single["q"], strict=False)
    except ValueError:
        message = f"{single['q'][:60]!r} is no address or network; write 10.1.2.3 or 10.1.0.0/16"
        raise refused("q", message) from None
    ever = single["at"] == "ever"
    at = None if ever else parse_time(single["at"] or "now", now=now, field="at")
    return AddressQuery(network, role, at=at, ever=ever)


def uses_matching(query: AddressQuery) -> QuerySet[AddressUse]:
    """The uses that fit, of resources' whole lives."""
    condition = _holding(query.network)
    if query.within and query.network.num_addresses > 1:
        condition |= _inside(query.network)
    found = AddressUse.objects.filter(condition).select_related("resource", "resource__account")
    found = found.defer("resource__config")
    if query.role:
        found = found.filter(role__in=query.role)
    if query.at is not None:
        found = found.filter(Q(until=None) | Q(until__gt=query.at), since__lte=query.at)
    return found.order_by("-id")


def in_ipv6(network: Network) -> tuple[int, int]:
    """The first address as a number of IPv6 and the prefix's length (RFC 4291: IPv4 mapped)."""
    number, length = int(network.network_address), network.prefixlen
    return (number | 0xFFFF << 32, length + 96) if network.version == 4 else (number, length)


def _holding(network: Network) -> Q:
    """Networks that have all of it: those that begin with one of its prefixes, as long as that.

    Prefixes that begin with the same address are asked for at once.
    """
    number, length = in_ipv6(network)
    lengths: dict[int, list[int]] = {}
    for prefix in range(96 if network.version == 4 else 0, length + 1):
        lengths.setdefault(number >> (_BITS - prefix) << (_BITS - prefix), []).append(prefix)
    condition = Q()
    for first, found in lengths.items():
        condition |= Q(first=f"{first:032x}", length__range=(found[0], found[-1]))
    return condition


def _inside(network: Network) -> Q:
    """Networks that lie within it."""
    number, length = in_ipv6(network)
    last = number | ((1 << (_BITS - length)) - 1)
    return Q(first__range=(f"{number:032x}", f"{last:032x}"), length__gt=length)
