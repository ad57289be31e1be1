"""Names of a DNS zone, from its text (RFC 1035, 5.1)."""

from collections.abc import Iterator, Mapping
from typing import Any

import dns.exception
import dns.name
import dns.rdatatype
import dns.rdtypes.ANY.MX
import dns.rdtypes.IN.SRV
import dns.zone

from certs.normalise import Found, FoundEndpoint, FoundName
from certs.sources.source import Ask, CertificateSource, Option, SourceError
from opsportal.lib.errors import FieldError

# Names whose owners may serve anything.
_HOSTS = {dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.CNAME, dns.rdatatype.HTTPS}
# Services of SRV records (RFC 6186, 8314, 6120, 2782) that begin with TLS or turn to it.
_SERVICES = {
    "_https": "tls", "_imaps": "tls", "_pop3s": "tls", "_submissions": "tls", "_ldaps": "tls",
    "_sips": "tls", "_xmpps-client": "tls", "_xmpps-server": "tls", "_caldavs": "tls",
    "_carddavs": "tls", "_imap": "imap", "_pop3": "pop3", "_submission": "smtp", "_ldap": "ldap",
    "_sieve": "sieve", "_xmpp-client": "xmpp", "_xmpp-server": "xmpp-server",
}  # fmt: skip


class ZoneFile(CertificateSource):
    """The text of a zone: hosts are proposed, mail and other servers looked at."""

    slug = "zone-file"
    label = "Zone file"
    noun = "record"
    help = "The text of a DNS zone: names that may serve certificates."
    options = (
        Option("zone", "Zone", kind="document", required=True,
               help="In the format of BIND; $INCLUDE and $GENERATE are not read."),
        Option("origin", "Origin", help="Such as example.com, where the text does not say it."),
    )  # fmt: skip

    def check(self, options: Mapping[str, Any], secret: Mapping[str, Any]) -> list[FieldError]:
        """Whether it can be read."""
        del secret
        try:
            _read(options)
        except SourceError as error:
            return [FieldError("zone", str(error))]
        return []

    def look(self, ask: Ask) -> Iterator[Found]:
        """Hosts as names; servers of the zone's own as endpoints."""
        zone = _read(ask.options)
        for name, kind, record in _records(zone):
            owner = _text(name)
            if kind in _HOSTS:
                if not _is_special(owner):
                    yield FoundName(owner, f"{owner} {dns.rdatatype.to_text(kind)}")
            elif isinstance(record, dns.rdtypes.ANY.MX.MX):
                if (target := _text(record.exchange)) != "":
                    yield _server(zone, target, 25, "smtp", f"{owner} MX")
            elif isinstance(record, dns.rdtypes.IN.SRV.SRV):
                protocol = _SERVICES.get(owner.partition(".")[0])
                target = _text(record.target)
                if protocol and target and record.port:
                    yield _server(zone, target, record.port, protocol, f"{owner} SRV")


def _records(zone: dns.zone.Zone) -> Iterator[tuple[dns.name.Name, Any, Any]]:
    """Owner, type and record; of hosts one for each name and type."""
    for name, node in zone.nodes.items():
        absolute = name.derelativize(zone.origin) if zone.origin else name
        for rdataset in node:
            for record in list(rdataset)[: 1 if rdataset.rdtype in _HOSTS else None]:
                yield absolute, rdataset.rdtype, record


def _server(zone: dns.zone.Zone, host: str, port: int, protocol: str, locator: str) -> Found:
    """An endpoint where it is of this zone; others' servers are names that might be ours."""
    if zone.origin and dns.name.from_text(host).is_subdomain(zone.origin):
        return FoundEndpoint(host, port, protocol, locator=locator)
    return FoundName(host, locator)


def _read(options: Mapping[str, Any]) -> dns.zone.Zone:
    """Raises SourceError."""
    origin = str(options.get("origin") or "").strip() or None
    try:
        return dns.zone.from_text(
            str(options.get("zone") or ""), origin=origin, relativize=False, check_origin=False,
            allow_include=False, allow_directives=("$ORIGIN", "$TTL"),
        )  # fmt: skip
    except dns.zone.UnknownOrigin:
        raise SourceError("The text does not say whose zone it is: give the origin.") from None
    except (dns.exception.DNSException, ValueError, RecursionError) as error:
        said = str(error) or type(error).__name__
        raise SourceError(f"The zone cannot be read: {said}"[:500]) from error


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() if name != dns.name.root else ""


def _is_special(owner: str) -> bool:
    """A wildcard, or a name below an underscore, which no host has."""
    return owner.startswith("*") or any(label.startswith("_") for label in owner.split("."))
