"""How much of the Internet networks cover together, exactly: intervals of addresses as numbers.

Two halves of the address space are as open as the whole of it, and so is a list of networks that
a rule only names.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

IPV4, IPV6 = "0.0.0.0/0", "::/0"
# The family of a network, by the name of all of it.
FAMILIES = (IPV4, IPV6)
Span = tuple[int, int]  # first and last, both included
# What is routed on the Internet: all of IPv4, and 2000::/3 of IPv6 (IANA, "IPv6 Global Unicast").
_ROUTED: dict[str, Span] = {IPV4: (0, 2**32 - 1), IPV6: (0x2 << 124, (0x4 << 124) - 1)}
# RFC 1918, RFC 6598, RFC 3927, loopback; RFC 4193, RFC 4291.
_PRIVATE = tuple(
    ipaddress.ip_network(cidr)
    for cidr in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
        "127.0.0.0/8", "fc00::/7", "fe80::/10", "::1/128",
    )
)  # fmt: skip
# The longest prefix of a public network that is broad.
_BROAD = {IPV4: 15, IPV6: 31}


class Network(NamedTuple):
    """A network as numbers."""

    family: str
    span: Span
    length: int
    private: bool


@lru_cache(maxsize=65_536)
def network_of(cidr: str) -> Network | None:
    """The network that is written like that; None for what is none."""
    try:
        found = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None
    span = (int(found.network_address), int(found.broadcast_address))
    private = any(
        found.version == known.version and found.subnet_of(known)  # type: ignore[arg-type]
        for known in _PRIVATE
    )
    return Network(IPV4 if found.version == 4 else IPV6, span, found.prefixlen, private)


def union(spans: Iterable[Span]) -> list[Span]:
    """The same numbers, in order, without overlaps."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def minus(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """What is left of these. Both as `union` gives them."""
    found = []
    for first, last in spans:
        start = first
        for low, high in taken:
            if high < start or low > last:
                continue
            if low > start:
                found.append((start, low - 1))
            start = high + 1
        if start <= last:
            found.append((start, last))
    return found


def within(spans: Iterable[Span], bounds: Span) -> list[Span]:
    """What of these lies within the bounds."""
    low, high = bounds
    return [(max(a, low), min(b, high)) for a, b in spans if a <= high and b >= low]


def size(spans: Iterable[Span]) -> int:
    """How many numbers there are. The spans do not overlap."""
    return sum(last - first + 1 for first, last in spans)


def is_world(spans: Iterable[Span], family: str) -> bool:
    """Whether they cover half of the Internet or more."""
    routed = _ROUTED[family]
    return 2 * size(union(within(spans, routed))) >= size([routed])


def covers(wide: Iterable[str], narrow: str) -> bool:
    """Whether networks together hold all of another."""
    inner = network_of(narrow)
    if inner is None:
        return False
    outer = [found for cidr in wide if (found := network_of(cidr)) and found.family == inner.family]
    return not minus([inner.span], union(found.span for found in outer))


def is_broad(network: Network) -> bool:
    """Whether it is public, and so wide that it cannot be the network of one peer."""
    return not network.private and network.length <= _BROAD[network.family]
