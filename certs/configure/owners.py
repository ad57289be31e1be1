"""Ownership rules in configuration files."""

from typing import Any

from certs.change.owners import delete_owner_rule, save_owner_rule
from certs.models import OwnershipRule
from opsportal.accounts.configure import find_team
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node

_USUAL_POSITION = 100
_TEXTS = ("match", "environment", "service")


class CertificateOwnerSection:
    """`certificate_owners: [{name, position, match, team, environment, service, enabled}]`."""

    slug = "certificate_owners"
    keys = ("name", "position", "enabled", *_TEXTS, "team")

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The rules in order."""
        del mask  # a rule has no secrets
        return [_entry(row) for row in OwnershipRule.objects.select_related("team")]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one rule so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        rules = OwnershipRule.objects.select_related("team")
        row = rules.filter(name=name).first() or OwnershipRule(name=name)
        if "position" in given:
            row.position = given["position"].whole()
        if "enabled" in given:
            row.enabled = given["enabled"].truth()
        for key in _TEXTS:
            if key in given:
                setattr(row, key, given[key].optional_text())
        if "team" in given or row.pk is None:
            needed = entry.mapping(known=self.keys, needed=["team"])["team"]
            team = find_team(needed)
            if team is None:
                raise needed.error("a rule says whose: name a team")
            row.team = team
        save_owner_rule(row, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove it."""
        row = OwnershipRule.objects.select_related("team").get(name=name)
        delete_owner_rule(row, actor=deed.actor, now=deed.now)


def _entry(row: OwnershipRule) -> dict[str, Any]:
    """All of it, but for what is as usual."""
    entry: dict[str, Any] = {"name": row.name, "team": row.team.name}
    if row.position != _USUAL_POSITION:
        entry["position"] = row.position
    if not row.enabled:
        entry["enabled"] = False
    return entry | {key: value for key in _TEXTS if (value := getattr(row, key))}
