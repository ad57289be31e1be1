"""Which ports of a security group are open to the world, and which may be: pure arithmetic.

For each protocol and family the ports are cut where any rule begins or ends. On each piece the
peers of all rules that admit it are taken together, with what their prefix lists hold.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from security.auditors.coverage import FAMILIES, Network, Span, is_world, network_of

ALL, TCP, UDP = "all", "tcp", "udp"
_PINGS = ("icmp", "icmpv6")
ALL_PORTS: Span = (0, 65535)
# The networks that a prefix list holds; None when that cannot be told.
Lists = Callable[[str], Sequence[str] | None]


@dataclass(frozen=True)
class Admission:
    """One rule of a group, with its prefix list spelled out."""

    rule: Mapping[str, Any]
    protocol: str
    ports: Span
    networks: tuple[tuple[str, Network], ...] = ()
    # Of a prefix list that cannot be read: it may hold anything.
    unreadable: bool = False


class Opening(NamedTuple):
    """Ports that are open to the world (or may be, if that is not certain)."""

    protocol: str
    ports: Span
    family: str
    certain: bool
    rules: tuple[Mapping[str, Any], ...]

    @property
    def subject(self) -> str:
        """What it is called from one time to the next."""
        return f"in/{self.protocol}/{self.ports[0]}-{self.ports[1]}/{self.family}"

    def hits(self, wanted: Iterable[int]) -> list[int]:
        """Which of these ports are among them."""
        return [port for port in wanted if self.ports[0] <= port <= self.ports[1]]


def admissions(rules: Iterable[Mapping[str, Any]], lists: Lists) -> list[Admission]:
    """What a group's rules let in, but for pings and other groups."""
    found = []
    for rule in rules:
        if rule["direction"] != "in" or rule["kind"] == "group" or rule["protocol"] in _PINGS:
            continue
        held: Sequence[str] | None = (rule["peer"],)
        if rule["kind"] == "prefixlist":
            held = lists(rule["peer"])
        networks = tuple(
            (cidr, network) for cidr in held or () if (network := network_of(cidr)) is not None
        )
        found.append(Admission(rule, rule["protocol"], ports_of(rule), networks, held is None))
    return found


def ports_of(rule: Mapping[str, Any]) -> Span:
    """The ports of a rule; one that names none means all."""
    first, last = rule["from"], rule["to"]
    if rule["protocol"] not in (TCP, UDP) or first is None or last is None:
        return ALL_PORTS
    return (first, last)


@dataclass
class Openings:
    """What of a group is open to the world."""

    admitted: list[Admission]
    _found: dict[tuple[str, str], list[Opening]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Opening]:
        """All of them; what every protocol is let in by is among those of "all" only."""
        for protocol in (ALL, TCP, UDP, *sorted(self._others())):
            for family in FAMILIES:
                wide = self.of(ALL, family)
                for opening in self.of(protocol, family):
                    if protocol == ALL or not _said_by(opening, wide):
                        yield opening

    def of(self, protocol: str, family: str) -> list[Opening]:
        """Those of a protocol, also where rules admit all protocols."""
        key = (protocol, family)
        if key not in self._found:
            rows = [
                row
                for row in self.admitted
                if row.protocol in (protocol, ALL)
                and (row.unreadable or any(net.family == family for _, net in row.networks))
            ]
            self._found[key] = list(_joined(_pieces(rows, protocol, family)))
        return self._found[key]

    def _others(self) -> set[str]:
        return {row.protocol for row in self.admitted} - {ALL, TCP, UDP}


def _said_by(opening: Opening, wide: Sequence[Opening]) -> bool:
    """Whether the openings of all protocols say the same or worse."""
    return any(found.certain or not opening.certain for found in wide)


def _pieces(rows: Sequence[Admission], protocol: str, family: str) -> Iterator[Opening]:
    spans = {id(row): [net.span for _, net in row.networks if net.family == family] for row in rows}
    everything = [span for found in spans.values() for span in found]
    if not any(row.unreadable for row in rows) and not is_world(everything, family):
        return
    cuts = sorted({edge for row in rows for edge in (row.ports[0], row.ports[1] + 1)})
    for first, end in pairwise(cuts):
        here = [row for row in rows if row.ports[0] <= first and end - 1 <= row.ports[1]]
        certain = is_world([span for row in here for span in spans[id(row)]], family)
        if certain or any(row.unreadable for row in here):
            rules = tuple(row.rule for row in here)
            yield Opening(protocol, (first, end - 1), family, certain, rules)


def _joined(pieces: Iterable[Opening]) -> Iterator[Opening]:
    """Those that touch are one."""
    last: Opening | None = None
    for piece in pieces:
        if last and last.ports[1] + 1 == piece.ports[0] and last.certain == piece.certain:
            more = tuple(rule for rule in piece.rules if rule not in last.rules)
            last = last._replace(ports=(last.ports[0], piece.ports[1]), rules=last.rules + more)
            continue
        if last:
            yield last
        last = piece
    if last:
        yield last
