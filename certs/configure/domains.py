"""Domains of ours in configuration files."""

from typing import Any

from certs.models import Domain
from certs.propose import delete_domain, save_domain
from opsportal.accounts.configure import find_team
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node


class CertificateDomainSection:
    """`certificate_domains: [{name: example.com, ports: [{port, protocol}], accept, ...}]`."""

    slug = "certificate_domains"
    keys = ("name", "team", "environment", "ports", "accept", "note")

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The domains by name."""
        del mask  # nothing is secret
        return [_entry(row) for row in Domain.objects.select_related("team").order_by("name")]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one domain so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        domain = Domain.objects.select_related("team").filter(name=name).first()
        domain = domain or Domain(name=name)
        if "team" in given:
            domain.team = find_team(given["team"])
        for key in ("environment", "note"):
            if key in given:
                setattr(domain, key, given[key].optional_text())
        if "ports" in given:
            domain.ports = [_port(each) for each in given["ports"].items()]
        if "accept" in given:
            domain.accept = given["accept"].truth()
        save_domain(domain, actor=deed.actor, now=deed.now)
        if domain.name != name:
            raise given["name"].error(f'write it as "{domain.name}"')

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the domain and its proposals."""
        domain = Domain.objects.select_related("team").get(name=name)
        delete_domain(domain, actor=deed.actor, now=deed.now)


def _port(node: Node) -> dict[str, Any]:
    given = node.mapping(known=["port", "protocol"], needed=["port"])
    protocol = given["protocol"].text() if "protocol" in given else "tls"
    return {"port": given["port"].whole(), "protocol": protocol}


def _entry(row: Domain) -> dict[str, Any]:
    """All of it, but for what is as usual."""
    entry: dict[str, Any] = {"name": row.name}
    if row.team:
        entry["team"] = row.team.name
    entry |= {key: value for key in ("environment", "note") if (value := getattr(row, key))}
    if row.ports:
        entry["ports"] = row.ports
    if row.accept:
        entry["accept"] = True
    return entry
