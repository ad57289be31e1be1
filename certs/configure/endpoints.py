"""Endpoints in configuration files."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from certs.models import Endpoint
from certs.observe.edit import add_endpoint, change_endpoint, delete_endpoint
from certs.sources.endpoints import parse_endpoint
from opsportal.accounts.configure import find_team
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node
from opsportal.lib.configvalues import read_duration
from opsportal.lib.durations import write_duration
from opsportal.lib.errors import PayloadError


def _labels(node: Node) -> dict[str, str]:
    return {key: value.text() for key, value in node.children().items()}


_READ: Mapping[str, Callable[[Node], Any]] = MappingProxyType(
    {
        "enabled": Node.truth,
        "interval": read_duration,
        "team": find_team,
        "environment": Node.optional_text,
        "service": Node.optional_text,
        "labels": _labels,
        "note": Node.optional_text,
    }
)


class CertificateEndpointSection:
    """`certificate_endpoints: [{name: "smtp://mx.example.com:25", interval, team, ...}]`.

    Only those that no source keeps; the server name follows in the name, after a space.
    """

    slug = "certificate_endpoints"
    keys = ("name", *_READ)

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The endpoints by host and port."""
        del mask  # nothing is secret
        rows = Endpoint.objects.filter(source=None).select_related("team")
        return [_entry(row) for row in rows]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one endpoint so."""
        given = entry.mapping(known=self.keys)
        endpoint = _find(given["name"], entry.named())
        for key, read in _READ.items():
            if key in given:
                setattr(endpoint, key, read(given[key]))
        if endpoint.pk:
            change_endpoint(endpoint, actor=deed.actor, now=deed.now)
        else:
            add_endpoint(endpoint, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the endpoint, and what was seen there."""
        place = parse_endpoint(name)
        endpoint = Endpoint.objects.select_related("team").get(
            host=place.host, port=place.port, protocol=place.protocol,
            server_name=place.server_name,
        )  # fmt: skip
        delete_endpoint(endpoint, actor=deed.actor, now=deed.now)


def _find(node: Node, name: str) -> Endpoint:
    """What is watched there, or a new one."""
    try:
        place = parse_endpoint(name)
    except PayloadError as error:
        raise node.error(error.message) from error
    found = Endpoint(
        host=place.host, port=place.port, protocol=place.protocol, server_name=place.server_name
    )
    if found.name != name:
        raise node.error(f'write it as "{found.name}"')
    known = Endpoint.objects.select_related("team").filter(
        host=place.host, port=place.port, protocol=place.protocol, server_name=place.server_name
    )
    return known.first() or found


def _entry(row: Endpoint) -> dict[str, Any]:
    """All of it, but for what is as usual."""
    entry: dict[str, Any] = {"name": row.name}
    usual = Endpoint()
    for key in _READ:
        value = getattr(row, key)
        if value == getattr(usual, key):
            continue
        if key == "interval":
            entry[key] = write_duration(value)
        else:
            entry[key] = value.name if key == "team" else value
    return entry
