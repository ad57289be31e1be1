"""Checks of security groups: which ports are open to the world."""

from collections.abc import Iterator, Mapping, Sequence

from security.auditors import Issue, Item, Undecided, Verdict, World
from security.auditors.coverage import FAMILIES, Span, is_broad, minus, union
from security.auditors.openings import (
    ALL,
    ALL_PORTS,
    TCP,
    UDP,
    Admission,
    Opening,
    Openings,
    admissions,
)
from security.auditors.security_groups import MOST_RULES, GroupCheck, lists_of

LOGIN = (22, 3389)
DATABASES = (
    1433, 1521, 2049, 2375, 2379, 3306, 5432, 5601, 6379, 7199, 9042, 9092, 9160, 9200, 9300,
    10250, 11211, 27017, 27018,
)  # fmt: skip
LEGACY = {
    TCP: (
        20, 21, 23, 111, 135, 137, 138, 139, 389, 445, 512, 513, 514, 873, 5900, 5901, 5902, 5903,
    ),
    UDP: (69, 161, 1900, 11211),
}  # fmt: skip
# What is meant for everybody.
WEB = (80, 443)


class WorldCheck(GroupCheck):
    """Base of those that ask what is open to the world."""

    @classmethod
    def concerns(cls, openings: Openings) -> Iterator[tuple[Opening, str, str]]:
        """Each opening that is wrong, with its subject and what is open."""
        raise NotImplementedError

    @classmethod
    def judge(cls, item: Item, world: World) -> Iterator[Verdict]:
        """What is open and what may be."""
        openings = Openings(admissions(item.config["rules"], lists_of(world)))
        for opening, subject, what in cls.concerns(openings):
            if opening.certain:
                yield Issue(
                    f"{what} open to the world ({opening.family})",
                    subject,
                    cls.scored(cls.score, item, world),
                    {"rules": list(opening.rules[:MOST_RULES])},
                )
            else:
                yield Undecided(f"{what} perhaps open: a prefix list could not be read", subject)


class AllPortsOpen(WorldCheck):
    """SG-01: everything is open to everybody."""

    slug = "SG-01"
    label = "All ports open to the world"
    score = 10
    compliance = ("CIS 6.3", "CIS 6.4")
    risk = "Whatever listens there can be reached by anybody."

    @classmethod
    def concerns(cls, openings: Openings) -> Iterator[tuple[Opening, str, str]]:
        """One for each protocol and family."""
        for opening in openings:
            if _is_everything(opening):
                what = "everything is" if opening.protocol == ALL else f"all {opening.protocol} is"
                yield opening, opening.subject, what


class LoginOpen(WorldCheck):
    """SG-02: SSH or RDP is open to everybody."""

    slug = "SG-02"
    label = "SSH or RDP open to the world"
    score = 10
    compliance = ("CIS 6.3", "CIS 6.4")
    risk = "Passwords are guessed and flaws of the server are tried from everywhere."
    remedy = "Name the networks of administrators, or use Session Manager and no rule at all."

    @classmethod
    def concerns(cls, openings: Openings) -> Iterator[tuple[Opening, str, str]]:
        """One for each port and family."""
        for family in FAMILIES:
            for opening in openings.of(TCP, family):
                for port in opening.hits(LOGIN):
                    name = "SSH" if port == 22 else "RDP"
                    yield opening, f"in/tcp/{port}-{port}/{family}", f"{name} (tcp {port}) is"


class DatabaseOpen(WorldCheck):
    """SG-03: a database, queue or control port is open to everybody."""

    slug = "SG-03"
    label = "Database or control port open to the world"
    score = 9
    risk = "Many of these servers ask for no password, and none is made for the Internet."

    @classmethod
    def concerns(cls, openings: Openings) -> Iterator[tuple[Opening, str, str]]:
        """One for each range of ports."""
        return _hitting(openings, {TCP: DATABASES})


class LegacyOpen(WorldCheck):
    """SG-04: an old or internal protocol is open to everybody."""

    slug = "SG-04"
    label = "Old or internal protocol open to the world"
    score = 8
    compliance = ("CIS 6.1.2",)
    risk = "These protocols send passwords as they are, or serve to amplify attacks on others."

    @classmethod
    def concerns(cls, openings: Openings) -> Iterator[tuple[Opening, str, str]]:
        """One for each range of ports."""
        return _hitting(openings, LEGACY)


class OtherPortOpen(WorldCheck):
    """SG-05: something else than the web is open to everybody."""

    slug = "SG-05"
    label = "Other port open to the world"
    score = 6
    risk = "It is seldom meant: services for everybody are web services."

    @classmethod
    def concerns(cls, openings: Openings) -> Iterator[tuple[Opening, str, str]]:
        """One for each range of ports that SG-01 to SG-04 say nothing of."""
        for opening in openings:
            if _is_everything(opening) or opening.protocol == ALL or _is_web(opening):
                continue
            if not opening.hits(_named(opening.protocol)):
                yield opening, opening.subject, f"{_words(opening.protocol, opening.ports)} is"


class BroadNetwork(GroupCheck):
    """SG-06: a public network admitted that is as wide as a provider."""

    slug = "SG-06"
    label = "Very wide public network admitted"
    score = 5
    risk = "Such a network belongs to very many: anybody can rent an address in it."

    @classmethod
    def judge(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each rule and network."""
        admitted = admissions(item.config["rules"], lists_of(world))
        openings = Openings(admitted)
        for row in admitted:
            rule = row.rule
            name = f"in/{row.protocol}/{row.ports[0]}-{row.ports[1]}"
            if rule["kind"] == "prefixlist":
                name = f"{name}/{rule['peer']}"
            if row.unreadable:
                yield Undecided(f"prefix list {rule['peer']} could not be read", name)
            for cidr, network in row.networks:
                if not is_broad(network) or world.is_allowed_network(cidr):
                    continue
                if not _is_world(row, network.family, openings):
                    yield Issue(
                        f"{_words(row.protocol, row.ports)} is open to all of {cidr}",
                        f"{name}/{cidr}",
                        cls.scored(cls.score, item, world),
                        {"rules": [rule]},
                    )


def _is_everything(opening: Opening) -> bool:
    """All ports; nothing listens on port 0."""
    first, last = opening.ports
    return opening.protocol in (ALL, TCP, UDP) and first <= 1 and last == ALL_PORTS[1]


def _is_web(opening: Opening) -> bool:
    return opening.protocol in (TCP, UDP) and opening.ports in [(port, port) for port in WEB]


def _is_world(row: Admission, family: str, openings: Openings) -> bool:
    """Whether all that the rule admits is open to the world anyhow."""
    open_ports: list[Span] = union(
        found.ports for found in openings.of(row.protocol, family) if found.certain
    )
    return not minus([row.ports], open_ports)


def _named(protocol: str) -> tuple[int, ...]:
    """The ports that SG-02 to SG-04 name."""
    of_tcp = (*LOGIN, *DATABASES) if protocol == TCP else ()
    return (*of_tcp, *LEGACY.get(protocol, ()))


def _hitting(
    openings: Openings, wanted: Mapping[str, Sequence[int]]
) -> Iterator[tuple[Opening, str, str]]:
    for protocol, ports in wanted.items():
        for family in FAMILIES:
            for opening in openings.of(protocol, family):
                if hit := opening.hits(ports):
                    some = ", ".join(map(str, hit[:6])) + (" ..." if len(hit) > 6 else "")
                    yield opening, opening.subject, f"{protocol} {some} is"


def _words(protocol: str, ports: Span) -> str:
    if protocol not in (TCP, UDP):
        return "everything" if protocol == ALL else f"protocol {protocol}"
    first, last = ports
    return f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}"
