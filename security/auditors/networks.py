"""Checks of VPCs: network ACLs, flow logs, endpoints and peerings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from security.auditors import LOOK_AGAIN, Auditor, Issue, Item, Later, Undecided, Verdict, World
from security.auditors.coverage import FAMILIES, Span, covers, is_world, minus, network_of, union
from security.auditors.exposure_issues import grant_evidence, grant_subject
from security.auditors.open_ports import LOGIN
from security.auditors.openings import ALL, TCP
from security.auditors.security_groups import PREFIX_LIST, lists_of
from security.policies.actions import is_everything
from security.policies.exposure import Grant, grants
from security.policies.trust import PUBLIC, UNKNOWN

FLOW_LOG = "aws.ec2.flowlog"
PEERING = "aws.ec2.peering"


class AclOpenToWorld(Auditor):
    """NET-01: a network ACL lets everybody try to log in."""

    slug = "NET-01"
    label = "Network ACL admits SSH or RDP from the world"
    technologies = ("aws.ec2.networkacl",)
    reads = ("entries",)
    score = 4
    compliance = ("CIS 6.2",)
    risk = "It is the second lock of the door: it holds when a security group is open by mistake."
    remedy = "Deny the port before the entry that allows it, or allow the networks that need it."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each port and family."""
        entries = sorted(
            (row for row in item.config["entries"] if row["direction"] == "in"),
            key=lambda row: row["number"],
        )
        for family in FAMILIES:
            for port in LOGIN:
                allowed, by = _allowed(entries, port, family)
                if is_world(allowed, family):
                    name = "SSH" if port == 22 else "RDP"
                    yield Issue(
                        f"{name} (tcp {port}) is let in from the world ({family})",
                        f"in/tcp/{port}-{port}/{family}",
                        evidence={"entries": by},
                    )


class NoFlowLog(Auditor):
    """NET-02: nobody writes down who talks to whom."""

    slug = "NET-02"
    label = "VPC without a working flow log"
    technologies = ("aws.ec2.vpc",)
    follows = (FLOW_LOG,)
    score = 5
    compliance = ("CIS 4.7",)
    risk = "After an intrusion nobody can tell where from it came and what it took along."
    remedy = "Make a flow log of its rejected or of all traffic, and see that it is delivered."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One. Of a VPC that is shared, its owner's flow logs are not seen here."""
        if item.config.get("owner") not in (None, "", world.account_id):
            return
        logs = {
            name: log
            for name, log in world.configs(FLOW_LOG).items()
            if log["resource"] == item.resource_id
        }
        if any(_works(log) for log in logs.values()):
            return
        if not world.is_known(FLOW_LOG):
            yield Undecided("flow logs were not read yet")
            yield Later(world.now + LOOK_AGAIN)
            return
        what = "no flow log of it works" if logs else "it has no flow log"
        yield Issue(what, evidence={"flow_logs": sorted(logs)})


class OpenEndpoint(Auditor):
    """NET-03: an endpoint lets its VPC do anything, or strangers something."""

    slug = "NET-03"
    label = "VPC endpoint policy lets in too much"
    technologies = ("aws.ec2.vpcendpoint",)
    reads = ("policy",)
    score = 6
    risk = "By an endpoint that allows everything data can be brought to anybody's account."
    remedy = "Allow our own organisation's principals and resources only."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each grant."""
        said = set()
        policy = item.config["policy"]
        for found in grants(policy, trust=world.trust, account_id=world.account_id):
            if not isinstance(found, Grant):
                subject = f"statement/{found.statement}"
                yield Undecided(f"the policy cannot be read: {found.reason}", subject)
                continue
            subject = grant_subject(found)
            if subject in said:
                continue
            if found.trust == UNKNOWN:
                said.add(subject)
                what = f"{found.principal} is of an unknown account"
                yield Issue(what, subject, cls.score, grant_evidence(found))
            elif found.trust == PUBLIC and _is_all(found):
                said.add(subject)
                yield Issue(
                    "anybody may do anything with anything by it", subject, 2, grant_evidence(found)
                )


class WidePeeringRoute(Auditor):
    """NET-04: a peering is routed as a whole."""

    slug = "NET-04"
    label = "Peering routed to the whole of the other VPC"
    technologies = ("aws.ec2.routetable",)
    reads = ("routes",)
    follows = (PEERING, PREFIX_LIST)
    score = 2
    compliance = ("CIS 6.6",)
    risk = "Whoever is in one of the VPCs can try everything in the other."
    remedy = "Route to the subnets that are needed."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each network of the other VPC that is reached as a whole."""
        peerings = {row["target"] for row in item.config["routes"] if row["kind"] == "peering"}
        for name in sorted(peerings):
            routes = [row for row in item.config["routes"] if row["target"] == name]
            yield from _of_peering(name, routes, item, world)


def _allowed(
    entries: Sequence[Mapping[str, Any]], port: int, family: str
) -> tuple[list[Span], list[Mapping[str, Any]]]:
    """Who is let in to the port, and by which entries: of each address the first one counts."""
    allowed: list[Span] = []
    decided: list[Span] = []
    by = []
    for entry in entries:
        network = network_of(entry["cidr"] or "")
        if network is None or network.family != family or not _is_of(entry, port):
            continue
        if entry["action"] == "allow" and (new := minus([network.span], decided)):
            allowed += new
            by.append(entry)
        decided = union([*decided, network.span])
    return allowed, by


def _is_of(entry: Mapping[str, Any], port: int) -> bool:
    if entry["protocol"] not in (TCP, ALL):
        return False
    first, last = entry["from"], entry["to"]
    return first is None or last is None or first <= port <= last


def _works(log: Mapping[str, Any]) -> bool:
    return (
        log["status"] == "ACTIVE"
        and log["traffic"] in ("ALL", "REJECT")
        and log["delivery"] != "FAILED"
    )


def _is_all(grant: Grant) -> bool:
    """Whether it is of all actions and resources, without a condition."""
    return (
        "*" in grant.actions
        and not grant.but
        and any(map(is_everything, grant.resources))
        and not grant.condition
    )


def _of_peering(
    name: str, routes: Sequence[Mapping[str, Any]], item: Item, world: World
) -> Iterator[Verdict]:
    held = lists_of(world)
    destinations: list[str] = []
    readable = True
    for route in routes:
        if route["destination"].startswith("pl-"):
            listed = held(route["destination"])
            readable = readable and listed is not None
            destinations += listed or ()
        else:
            destinations.append(route["destination"])
    peering = world.configs(PEERING).get(name)
    whole = [family for family in FAMILIES if family in destinations]
    cidrs = _other_side(peering, item.config["vpc"]) if peering else []
    reached = whole or [cidr for cidr in cidrs if covers(destinations, cidr)]
    for cidr in reached:
        yield Issue(
            f"{cidr} is routed to {name}" if whole else f"all of {cidr} is reached by {name}",
            f"{name}/{cidr}",
            evidence={"routes": list(routes)},
        )
    if not whole and (peering is None or not readable):
        yield Undecided("the peering or a prefix list could not be read", name)
        yield Later(world.now + LOOK_AGAIN)


def _other_side(peering: Mapping[str, Any], vpc: str | None) -> list[str]:
    side = "accepter" if peering["requester"]["vpc"] == vpc else "requester"
    return list(peering[side]["cidrs"])
