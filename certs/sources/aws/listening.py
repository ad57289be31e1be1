"""What listens for TLS in AWS, in whichever service: its certificates, and where to look."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from certs.normalise import (
    Found,
    FoundCertificate,
    FoundEndpoint,
    FoundName,
    FoundTrouble,
)
from certs.sources.aws.base import ERRORS, AwsSource, facts
from certs.sources.aws.bodies import Bodies
from certs.x509 import Parsed
from certs.x509.names import HostError, ascii_host
from opsportal.lib.aws import Gone
from opsportal.lib.errors import PayloadError


@dataclass(frozen=True)
class Listener:
    """One port; `certificates` are ARNs, the default one first."""

    locator: str
    host: str
    port: int
    certificates: tuple[str, ...]
    # Whether the portal can be expected to reach it.
    reachable: bool = True
    # Names that it is meant to answer to; none: those of its certificates.
    names: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def found_at(source: AwsSource, listener: Listener, bodies: Bodies) -> Iterator[Found]:
    """Its certificates; an endpoint for each, since each is served for a name of its own."""
    for position, arn in enumerate(dict.fromkeys(listener.certificates)):
        try:
            leaf = bodies.chain(arn)[0]
        except Gone:
            yield FoundTrouble(listener.locator, f"It uses {arn}, which is no more.")
            continue
        except (PayloadError, *ERRORS) as error:
            yield FoundTrouble(listener.locator, f"{arn}: {source.message_of(error)}")
            continue
        about = {**listener.facts, **facts(certificate=arn, default=position == 0)}
        yield FoundCertificate(leaf, listener.locator, facts=about)
        names = listener.names or host_names(leaf)
        if listener.reachable and names:
            yield FoundEndpoint(
                listener.host, listener.port, server_name=askable(names[0]),
                locator=listener.locator,
            )  # fmt: skip
        for name in names:
            if not name.startswith("*."):
                yield FoundName(name, listener.locator)


def host_names(leaf: Parsed) -> tuple[str, ...]:
    """Of subjectAltName, those without a wildcard first."""
    return in_order(name.value for name in leaf.names if name.kind == "dns")


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Those that are names of hosts, once each, those without a wildcard first."""
    hosts = dict.fromkeys(host for name in names if (host := host_of(name)))
    return tuple(sorted(hosts, key=lambda name: name.startswith("*.")))


def host_of(name: str) -> str:
    """The name as it is asked for, with its wildcard; empty for what is no name of a host."""
    wildcard = "*." if name.startswith("*.") else ""
    try:
        return wildcard + ascii_host(name.removeprefix("*."))
    except HostError:
        return ""


def askable(name: str) -> str:
    """A server name to ask for: of a wildcard one that it covers."""
    return f"www.{name[2:]}" if name.startswith("*.") else name
