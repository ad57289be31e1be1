"""Checks of records: names that lead to nobody, or into private networks."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from security.auditors import Auditor, Issue, Item, Later, Undecided, Verdict, World

_RFC1918 = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
# What becomes of the targets changes no record: records are looked at again by themselves.
AGAIN = timedelta(hours=6)
_BUCKET = re.compile(r"(?:(.+)\.)?s3(?:-website)?(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?")
_BALANCER = re.compile(r"(?:dualstack\.)?(.+\.elb(?:\.[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?)")
_INSTANCE = re.compile(r"ec2-(\d+)-(\d+)-(\d+)-(\d+)\..*compute.*\.amazonaws\.com(?:\.cn)?")
_ELBS = ("aws.elbv2.loadbalancer", "aws.elb.loadbalancer")


class Target(NamedTuple):
    """What a record leads to, by the technologies and the facet that would have it."""

    noun: str
    name: str
    technologies: tuple[str, ...]
    facet: str = ""


class NameLeadsNowhere(Auditor):
    """R53-01: a public name leads into a private network, or to what is not ours any more."""

    slug = "R53-01"
    label = "Record that leads nowhere"
    technologies = ("aws.route53.record",)
    score = 7
    risk = (
        "Whoever makes a bucket or load balancer of that name, or gets that address, answers for"
        " the name."
    )
    remedy = "Delete the record, or make what it leads to."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each value that is wrong."""
        config = item.config
        if config["private"]:
            return
        if config["type"] == "A":
            for value in config["values"]:
                if _is_private(value):
                    yield Issue(f"leads to the private address {value}", f"private/{value}", 1)
        found = list(targets(config))
        for target in found:
            yield from _judge(target, world)
        if found:
            yield Later(world.now + AGAIN)


def targets(config: Mapping[str, Any]) -> Iterator[Target]:
    """What a record leads to, as far as an account could have it."""
    if config["type"] == "A":
        for value in config["values"]:
            if not _is_private(value):
                yield _address(value)
    names = list(config["values"]) if config["type"] == "CNAME" else []
    if config["alias"]:
        names.append(config["alias"]["name"])
    for name in names:
        if (target := _target(name.lower().rstrip("."), config["name"].rstrip("."))) is not None:
            yield target


def _target(name: str, own: str) -> Target | None:
    if bucket := _BUCKET.fullmatch(name):
        # Of a website the bucket is called as the name itself.
        return Target("bucket", bucket[1] or own, ("aws.s3.bucket",))
    if balancer := _BALANCER.fullmatch(name):
        return Target("load balancer", balancer[1], _ELBS, "dns_name")
    if instance := _INSTANCE.fullmatch(name):
        return _address(".".join(instance.groups()))
    return None


def _address(value: str) -> Target:
    return Target("address", value, ("aws.ec2.address",), "public_address")


def _judge(target: Target, world: World) -> Iterator[Verdict]:
    noun, name = target.noun, target.name
    known = [world.everywhere(technology, target.facet) for technology in target.technologies]
    subject = f"{noun}/{name}"
    if any(name in names.there for names in known if names is not None):
        return
    if noun == "address":
        # Most addresses are not of any account of ours: only one that was ours is known to be free.
        if any(name in names.gone for names in known if names is not None):
            yield Issue(f"leads to {name}, which was released", subject)
    elif None in known:
        yield Undecided(f"not all accounts were asked whether they have the {noun} {name}", subject)
    else:
        yield Issue(f"leads to the {noun} {name}, which no account has", subject)


def _is_private(value: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return any(address in network for network in _RFC1918)
