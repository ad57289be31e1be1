"""Inhibitions in configuration files."""

from typing import Any

from alerts.change import delete_inhibition, save_inhibition
from alerts.configure.owner import set_owner, show_owner
from alerts.models import Inhibition
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node
from opsportal.lib.configvalues import read_texts


class InhibitionSection:
    """`inhibitions: [{name, source_match, target_match, equal, team, enabled}]`."""

    slug = "inhibitions"
    keys = ("name", "source_match", "target_match", "equal", "team", "enabled")

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The inhibitions by name."""
        del mask  # an inhibition has no secrets
        entries = []
        for inhibition in Inhibition.objects.select_related("team").order_by("name"):
            entry: dict[str, Any] = {
                "name": inhibition.name,
                "source_match": inhibition.source_match,
                "target_match": inhibition.target_match,
            }
            if inhibition.equal:
                entry["equal"] = list(inhibition.equal)
            entries.append(entry | show_owner(inhibition))
        return entries

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one inhibition so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        rows = Inhibition.objects.select_related("team").filter(name=name)
        inhibition = rows.first() or Inhibition(name=name)
        for key in ("source_match", "target_match"):
            if key in given:
                setattr(inhibition, key, given[key].optional_text())
        if "equal" in given:
            inhibition.equal = read_texts(given["equal"])
        set_owner(inhibition, given)
        save_inhibition(inhibition, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the inhibition."""
        inhibition = Inhibition.objects.select_related("team").get(name=name)
        delete_inhibition(inhibition, actor=deed.actor, now=deed.now)
