"""Which addresses the portal may speak to: public ones, and the ranges an operator opens."""

import socket
import threading
from collections.abc import Sequence
from ipaddress import IPv4Address, ip_address, ip_network

from django.conf import settings

from opsportal.lib.addresses import Address, parse_networks
from opsportal.lib.errors import DeliveryError

_NAT64 = ip_network("64:ff9b::/96")
# Special purpose ranges (IANA registries), also those that some Pythons count as global.
_SPECIAL = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
            "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
            "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
            "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10",
        ),
    )
)  # fmt: skip


def allowed_addresses(host: str, port: int, timeout: float) -> list[str]:
    """The host's addresses, resolved once. Raises DeliveryError unless every one is permitted."""
    found = _resolve(host, port, timeout)
    for text in found:
        if not permitted(text):
            raise DeliveryError(
                f"{host}: the address {text} is not public and was refused; to permit it, name "
                "its range in OPSPORTAL_OUTBOUND_ALLOW.",
                permanent=True,
            )
    return found


def permitted(text: str) -> bool:
    """Whether the portal may connect to this address."""
    address = address_behind(text)
    opened = parse_networks(tuple(settings.OUTBOUND_ALLOW), "OPSPORTAL_OUTBOUND_ALLOW")
    return address is not None and (
        any(address in network for network in opened) or is_public(address)
    )


def is_public(address: Address) -> bool:
    """Whether anybody may have it: none of a special purpose."""
    special = any(address in network for network in _SPECIAL)
    return address.is_global and not special and not address.is_multicast


def address_behind(text: str) -> Address | None:
    """The IPv4 address that an IPv6 one leads to, where it does: mapped, 6to4, NAT64.

    None for one with a zone, which is link-local, wherever it leads.
    """
    if "%" in text:
        return None
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _resolve(host: str, port: int, timeout: float) -> list[str]:
    """Ask the resolver, but not for longer than the time that is left."""
    answers: list[Sequence[str] | OSError | UnicodeError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.append(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as error:
            answers.append(error)

    # A resolver cannot be interrupted; a late one is left to its own time limit.
    thread = threading.Thread(target=ask, name="resolve", daemon=True)
    thread.start()
    thread.join(timeout)
    if not answers:
        raise DeliveryError(f"{host}: the name was not resolved within {timeout:.0f} s.")
    if isinstance(answers[0], UnicodeError):
        raise DeliveryError(f"{host} is not a host name.", permanent=True)
    if isinstance(answers[0], OSError):
        raise DeliveryError(f"{host}: the name cannot be resolved: {answers[0]}")
    return list(answers[0])
