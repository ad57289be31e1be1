"""Checks of databases."""

from collections.abc import Iterator

from security.auditors import Auditor, Issue, Item, Undecided, Verdict, World
from security.auditors.coverage import FAMILIES
from security.auditors.openings import TCP, Openings, admissions
from security.auditors.security_groups import GROUP, PREFIX_LIST, lists_of


class OpenDatabase(Auditor):
    """RDS-01: a database has a public address, or its disks are readable."""

    slug = "RDS-01"
    label = "Database that is public or not encrypted"
    technologies = ("aws.rds.instance", "aws.rds.cluster")
    reads = ("public", "groups", "encrypted")
    follows = (GROUP, PREFIX_LIST)
    score = 9
    compliance = ("CIS 3.2.3",)
    risk = "A database on the Internet is one password or one flaw away from anybody."
    remedy = "Turn off public access, and move it to an encrypted copy of a snapshot."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for its address, one for its disks."""
        if item.config["public"]:
            yield _public(item, world)
        if item.config["encrypted"] is False:
            yield Issue("it is not encrypted", "unencrypted", 3)


def _public(item: Item, world: World) -> Verdict:
    """By what its groups let in together to its port."""
    port = item.config["port"]
    configs = world.configs(GROUP)
    known = [configs[name] for name in item.config["groups"] if "rules" in configs.get(name, {})]
    rules = [rule for config in known for rule in config["rules"]]
    openings = Openings(admissions(rules, lists_of(world)))
    hit = [
        opening
        for family in FAMILIES
        for opening in openings.of(TCP, family)
        if port and opening.hits([port])
    ]
    if certain := [opening for opening in hit if opening.certain]:
        return Issue(
            f"it has a public address, and port {port} is open to the world",
            "public",
            9,
            {"port": port, "rules": [rule for opening in certain for rule in opening.rules][:20]},
        )
    if hit or not port or len(known) < len(item.config["groups"]):
        return Undecided("what the groups of this public database admit is not known", "public")
    return Issue("it has a public address", "public", 5, {"port": port})
