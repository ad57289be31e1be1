"""What all that a team may own has in common in a file."""

from typing import Any

from alerts.models import Channel, Heartbeat, Inhibition, Rule, Subscription
from opsportal.accounts.configure import find_team
from opsportal.lib.confignode import Node

Owned = Channel | Heartbeat | Inhibition | Rule | Subscription


def show_owner(owned: Owned) -> dict[str, Any]:
    """What channels and rules have in common, left out where it is the default."""
    shown: dict[str, Any] = {}
    if owned.team:
        shown["team"] = owned.team.name
    if not owned.enabled:
        shown["enabled"] = False
    return shown


def set_owner(owned: Owned, given: dict[str, Node]) -> None:
    """What a file says of it."""
    if "team" in given:
        owned.team = find_team(given["team"])
    if "enabled" in given:
        owned.enabled = given["enabled"].truth()
