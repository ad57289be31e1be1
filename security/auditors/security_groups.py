"""Checks of security groups."""

from collections.abc import Iterator
from typing import Any

from security.auditors import Auditor, Issue, Item, Verdict, World

WORLD_NETWORKS = ("0.0.0.0/0", "::/0")


class OpenToWorld(Auditor):
    """SG-01: everything is open to everybody."""

    slug = "SG-01"
    label = "All ports open to the world"
    technologies = ("aws.ec2.securitygroup",)
    reads = ("rules",)
    follows = ("aws.ec2.prefixlist",)
    score = 10
    compliance = ("CIS 6.3", "CIS 6.4")
    risk = "Whatever listens there can be reached by anybody."
    remedy = "Remove the rule, or name the networks and ports that need it."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each family."""
        for rule in item.config["rules"]:
            if rule["direction"] == "in" and rule["peer"] in WORLD_NETWORKS and _all_ports(rule):
                yield Issue(
                    f"all ports are open to {rule['peer']}",
                    f"in/{rule['protocol']}/all/{rule['peer']}",
                    evidence={"rules": [rule]},
                )


def _all_ports(rule: Any) -> bool:
    return rule["protocol"] == "all" or (rule["from"], rule["to"]) in {(0, 65535), (None, None)}
