"""Networks whose addresses are tried, politely."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from ipaddress import ip_network
from itertools import chain
from typing import Any, ClassVar

from certs.normalise import Found, FoundEndpoint
from certs.permitted import may_sweep, within_opened
from certs.sources.source import Ask, CertificateSource, Option, SourceError
from certs.tls import PROTOCOLS, Result, Target, find_all_open, read_all
from opsportal.lib.addresses import Network
from opsportal.lib.errors import FieldError

# Addresses of a sweep, and addresses times ports.
MOST_ADDRESSES, MOST_TRIES = 65_536, 262_144
_PORTS = "443 8443 smtp://25 smtp://587 imap://143 pop3://110 993 995 465 636"
# Results that say that somebody speaks TLS there.
_TLS = {Result.OK, Result.ALERT}


class NetworkSweep(CertificateSource):
    """Tries to connect first; of open ports only, reads what they serve.

    What speaks TLS becomes an endpoint; what does not is left alone. Only ranges that the
    portal's administrator has opened are swept, public ones too.
    """

    slug = "network"
    label = "Networks"
    noun = "address"
    help = (
        "Every address of these networks is tried on each port; what speaks TLS there becomes an "
        "endpoint. Their ranges must be named in OPSPORTAL_CERTS_SCAN_ALLOW."
    )
    interval = timedelta(days=1)
    lists_all = False
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            "networks", "Networks", kind="lines", required=True,
            help="One each line, such as 10.1.0.0/20 or 2001:db8::/116; "
            f"{MOST_ADDRESSES} addresses at most.",
        ),
        Option(
            "ports", "Ports", kind="lines", default=_PORTS.split(),
            help="One each line: 8443, or smtp://25 where TLS begins by STARTTLS.",
        ),
    )  # fmt: skip

    def check(self, options: Mapping[str, Any], secret: Mapping[str, Any]) -> list[FieldError]:
        """Networks that are none, too large, or not opened; ports that are none."""
        del secret
        wrong = []
        networks = []
        for line in _lines(options, "networks"):
            try:
                networks.append(_network(line))
            except ValueError as error:
                wrong.append(FieldError("networks", str(error)))
        if (size := sum(each.num_addresses for each in networks)) > MOST_ADDRESSES:
            text = f"{size} addresses are too many; {MOST_ADDRESSES} may be"
            wrong.append(FieldError("networks", text))
        ports = []
        for line in _ports(options):
            try:
                ports.append(_port(line))
            except ValueError as error:
                wrong.append(FieldError("ports", str(error)))
        if size * len(ports) > MOST_TRIES:
            text = f"addresses times ports are {size * len(ports)}; {MOST_TRIES} may be"
            wrong.append(FieldError("ports", text))
        return wrong

    def look(self, ask: Ask) -> Iterator[Found]:
        """What speaks TLS, as it is found. Raises SourceError."""
        if wrong := self.check(ask.options, ask.secret):
            raise SourceError("; ".join(f"{each.field}: {each.message}" for each in wrong))
        networks = [_network(line) for line in _lines(ask.options, "networks")]
        addresses = [
            text
            for address in dict.fromkeys(chain.from_iterable(each.hosts() for each in networks))
            if may_sweep(text := str(address))
        ]
        protocols = dict(_port(line) for line in _ports(ask.options))
        tally: Counter[Result] = Counter()
        found = _open(addresses, list(protocols), tally, ask)
        targets = (Target(each.address, each.port, protocols[each.port]) for each in found)
        with closing(read_all(targets)) as readings:
            for reading in readings:
                if ask.stopping():
                    raise SourceError("The portal is about to end; the sweep was cut short.")
                if reading.chain or reading.result in _TLS:
                    place = reading.target
                    yield FoundEndpoint(
                        place.address, place.port, place.protocol,
                        locator=f"{place.address}:{place.port}",
                    )  # fmt: skip
        if tally and set(tally) == {Result.UNREACHABLE}:
            raise SourceError("There is no way to any of these addresses from this machine.")


def _open(
    addresses: Sequence[str], ports: Sequence[int], tally: Counter[Result], ask: Ask
) -> list[Target]:
    """Ports that are open: a list, so that they are not read while others are still tried."""
    found = []
    with closing(find_all_open(addresses, ports, tally=tally)) as opened:
        for target in opened:
            found.append(target)
            if ask.stopping():
                break
    return found


def _lines(options: Mapping[str, Any], name: str) -> list[str]:
    return [str(line).strip() for line in options.get(name) or () if str(line).strip()]


def _ports(options: Mapping[str, Any]) -> list[str]:
    return _lines(options, "ports") or _PORTS.split()


def _network(line: str) -> Network:
    """Raises ValueError, in words for people."""
    try:
        network = ip_network(line)
    except ValueError as error:
        raise ValueError(f"{line[:60]!r} is no network: {error}") from error
    if network.num_addresses > MOST_ADDRESSES:
        raise ValueError(f"{line} is too large; {MOST_ADDRESSES} addresses may be")
    if not within_opened(network):
        raise ValueError(f"{line} is not within OPSPORTAL_CERTS_SCAN_ALLOW, and is not swept")
    return network


def _port(line: str) -> tuple[int, str]:
    """Number and protocol. Raises ValueError, in words for people."""
    protocol, _, number = line.rpartition("://")
    protocol = protocol or "tls"
    if protocol not in PROTOCOLS:
        raise ValueError(f"{protocol[:20]!r} is no protocol; known: {', '.join(PROTOCOLS)}")
    if not (number.isascii() and number.isdigit() and len(number) < 6):
        raise ValueError(f"{line[:40]!r} is no port such as 443 or smtp://25")
    if not 1 <= int(number) <= 65535:
        raise ValueError(f"{line[:40]!r} is not from 1 to 65535")
    return int(number), protocol
