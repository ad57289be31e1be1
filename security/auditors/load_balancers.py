"""Checks of load balancers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from security.auditors import Auditor, Issue, Item, Undecided, Verdict, World

CLASSIC = "aws.elb.loadbalancer"
# In the spelling of both generations.
BROKEN = frozenset({"SSLv2", "SSLv3", "TLSv1"})
OLD = frozenset({"TLSv1.1"})
_TLS = ("HTTPS", "SSL", "TLS")


class WeakListener(Auditor):
    """ELB-01: a listener speaks an old version of TLS, or none."""

    slug = "ELB-01"
    label = "Listener with old or no encryption"
    technologies = (CLASSIC, "aws.elbv2.loadbalancer")
    reads = ("scheme", "listeners")
    score = 8
    risk = "What old versions protect can be read by whoever is in between."
    remedy = "Choose a policy of TLS 1.2 and later, and redirect HTTP to HTTPS."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each listener of those on the Internet."""
        if item.config["scheme"] != "internet-facing":
            return
        for port, listener in sorted(item.config["listeners"].items()):
            if listener["protocol"] in _TLS:
                yield from _of_tls(item, port, listener)
            elif listener["protocol"] == "HTTP":
                yield from _of_http(item, port, listener)


def _of_tls(item: Item, port: str, listener: Mapping[str, Any]) -> Iterator[Verdict]:
    subject = f"{port}/tls"
    names = listener["policies"] if item.technology == CLASSIC else [listener["ssl_policy"]]
    facet = "tls" if item.technology == CLASSIC else "ssl_policies"
    table = {} if facet in item.unknown else item.config[facet]
    policies = {name: table[name] for name in names if name in table}
    if not policies:
        yield Undecided(f"which versions of TLS port {port} speaks could not be read", subject)
        return
    spoken = {version for policy in policies.values() for version in policy["protocols"]}
    evidence = {"policies": sorted(policies), "protocols": sorted(spoken)}
    if weak := sorted(spoken & BROKEN):
        yield Issue(f"port {port} speaks {', '.join(weak)}", subject, 8, evidence)
    elif spoken & OLD:
        yield Issue(f"port {port} speaks TLSv1.1", subject, 5, evidence)


def _of_http(item: Item, port: str, listener: Mapping[str, Any]) -> Iterator[Verdict]:
    subject = f"{port}/http"
    if item.technology == CLASSIC:
        yield Issue(f"port {port} is not encrypted", subject, 2)
        return
    if not _redirects(listener["actions"]):
        yield Issue(f"port {port} is not encrypted and does not redirect", subject, 2)
    elif "rules" in item.unknown:
        yield Undecided(f"the rules of port {port} could not be read", subject)
    else:
        rules = item.config["rules"].get(port, {})
        if serving := sorted(name for name, rule in rules.items() if _forwards(rule["actions"])):
            yield Issue(
                f"port {port} serves some requests without encryption",
                subject,
                2,
                {"rules": serving},
            )


def _redirects(actions: Sequence[Mapping[str, Any]]) -> bool:
    return any((action["redirect"] or {}).get("protocol") == "HTTPS" for action in actions)


def _forwards(actions: Sequence[Mapping[str, Any]]) -> bool:
    return any(action["type"] == "forward" for action in actions)
