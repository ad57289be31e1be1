"""Which addresses may be looked at for certificates: public ones, and the ranges that are opened.

Asked of each address that is connected to, after its name was resolved: a name that leads
elsewhere each time gains nothing by it.
"""

from ipaddress import ip_network

from django.conf import settings

from opsportal.lib.addresses import Address, Network, parse_networks
from opsportal.lib.outbound import address_behind, is_public

# This machine, its link, and where clouds tell a machine its secrets: AWS, Azure and others,
# Alibaba, Oracle; AWS and Google by IPv6. A wide range never opens these, only one within them.
_GUARDED = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "192.0.0.192/32",
            "168.63.129.16/32", "::/127", "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32",
        ),
    )
)  # fmt: skip


def may_connect(text: str) -> bool:
    """Whether certificates may be looked for at this address (not a name)."""
    address = address_behind(text)
    if address is None:
        return False
    return _is_opened(address) or (_guard_of(address) is None and is_public(address))


def may_sweep(text: str) -> bool:
    """Whether it may be tried in a sweep of its network: only where somebody opened the range.

    Public addresses are other people's.
    """
    address = address_behind(text)
    return address is not None and _is_opened(address)


def within_opened(network: Network) -> bool:
    """Whether all of it is in a range that is opened."""
    return any(_is_part(network, each) for each in _opened())


def refusal_of(address: str) -> str:
    """Why it was not looked at, and what opens it."""
    return (
        f"{address} is not public, and was not connected to; an administrator opens its range "
        "by OPSPORTAL_CERTS_SCAN_ALLOW."
    )


def _opened() -> tuple[Network, ...]:
    return parse_networks(tuple(settings.CERTS_SCAN_ALLOW), "OPSPORTAL_CERTS_SCAN_ALLOW")


def _is_opened(address: Address) -> bool:
    within = [network for network in _opened() if address in network]
    guard = _guard_of(address)
    return any(guard is None or _is_part(network, guard) for network in within)


def _guard_of(address: Address) -> Network | None:
    return next((network for network in _GUARDED if address in network), None)


def _is_part(network: Network, whole: Network) -> bool:
    same = network.version == whole.version
    return same and network.subnet_of(whole)  # type: ignore[arg-type]
