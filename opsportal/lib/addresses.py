"""Where a request comes from: one answer for throttles, audit and allow-lists."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=16)
def parse_networks(texts: tuple[str, ...], setting: str) -> tuple[Network, ...]:
    """The CIDRs of a setting. Raises ImproperlyConfigured that names it."""
    try:
        return tuple(ipaddress.ip_network(text, strict=False) for text in texts)
    except ValueError as error:
        raise ImproperlyConfigured(f"{setting}: {error}") from error


def _parse(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def client_address(request: HttpRequest) -> str | None:
    """The sender's address; None when it is unknown (a Unix socket)."""
    return address_of(request.META)


def address_of(environ: Mapping[str, Any]) -> str | None:
    """The same by WSGI's variables.

    X-Forwarded-For is believed only as far as OPSPORTAL_TRUSTED_PROXIES wrote it: read from the
    right, the first address that is not a trusted proxy is the client.
    """
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
    return _client(environ.get("REMOTE_ADDR", ""), forwarded, tuple(settings.TRUSTED_PROXIES))


@lru_cache(maxsize=4096)
def _client(remote: str, forwarded: str, trusted_proxies: tuple[str, ...]) -> str | None:
    peer = _parse(remote)
    trusted = parse_networks(trusted_proxies, "OPSPORTAL_TRUSTED_PROXIES")
    if peer is None or not any(peer in network for network in trusted):
        return str(peer) if peer else None
    client = peer
    for text in reversed(forwarded.split(",")):
        hop = _parse(text)
        if hop is None:
            break
        client = hop
        if not any(hop in network for network in trusted):
            break
    return str(client)


def vouched_address(request: HttpRequest) -> str | None:
    """The sender's address; None also behind a proxy that is not trusted, which hides it."""
    address = client_address(request)
    forwarded = "HTTP_X_FORWARDED_FOR" in request.META
    if forwarded and address == str(_parse(request.META.get("REMOTE_ADDR", ""))):
        return None
    return address
