"""Look at endpoints: resolve, decide what may be spoken to, read every address."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from certs.models import Endpoint
from certs.observe.resolve import LIMIT, Resolved, is_address, resolve_all
from certs.permitted import may_connect, refusal_of
from certs.tls import PROTOCOLS, Reading, Result, Target, read_all

# Seconds for an address, everything together.
TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody typed, in the words of an endpoint; not one, or not known to be one."""

    host: str
    port: int
    protocol: str = "tls"
    server_name: str = ""


P = TypeVar("P", Endpoint, Asked)


@dataclass(slots=True)
class Look(Generic[P]):
    """What came of one place. Without a reading of any address, `resolved` says why."""

    place: P
    resolved: Resolved
    readings: dict[str, Reading] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether every address has been read."""
        return len(self.readings) == len(self.resolved.addresses)


def look_at(
    places: Sequence[P],
    *,
    timeout: float = TIMEOUT,
    resolving: float = LIMIT,
    retry: bool = True,
) -> Iterator[Look[P]]:
    """Each place, as soon as all its addresses were read; those that hang hold up no others.

    `timeout`, `resolving`: seconds for an address and for a name. Raises OSError where this
    process may open no more sockets.
    """
    resolved = resolve_all([place.host for place in places], limit=resolving)
    wanted: defaultdict[Target, list[tuple[Look[P], str]]] = defaultdict(list)
    for place in places:
        look = Look(place, resolved[place.host])
        for address in look.resolved.addresses:
            target = Target(address, place.port, place.protocol, sent_name(place))
            if refused := _refused(target):
                look.readings[address] = refused
            else:
                wanted[target].append((look, address))
        if look.is_whole:
            yield look
    # Of several that lead to the same, one is read.
    for reading in read_all(list(wanted), timeout=timeout, retry=retry):
        for look, address in wanted[reading.target]:
            look.readings[address] = reading
            if look.is_whole:
                yield look


def sent_name(place: Endpoint | Asked) -> str:
    """What is sent as SNI (RFC 6066: never an address)."""
    return place.server_name or ("" if is_address(place.host) else place.host)


def _refused(target: Target) -> Reading | None:
    if target.protocol not in PROTOCOLS:
        return Reading(target, Result.PARSE, f"the portal does not speak {target.protocol}")
    if not may_connect(target.address):
        return Reading(target, Result.FORBIDDEN, refusal_of(target.address))
    return None
