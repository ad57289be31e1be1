"""Freezes in configuration files."""

from typing import Any

from chronos.change import delete_freeze, save_freeze
from chronos.models import Freeze
from chronos.models.freeze import USUAL_KINDS
from opsportal.accounts.configure import find_team
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node
from opsportal.lib.configvalues import read_duration, read_instant, read_texts
from opsportal.lib.durations import write_duration
from opsportal.lib.times import format_instant

_LISTS = ("kinds", "exempt_services", "exempt_actors")


class FreezeSection:
    """`freezes: [{name, reason, match, kinds, starts_at, ends_at, recurrence, ...}]`."""

    slug = "freezes"
    keys = (
        "name", "reason", "match", "kinds", "starts_at", "ends_at", "recurrence", "zone",
        "duration", "exceptions", "exempt_services", "exempt_actors", "team", "enabled",
    )  # fmt: skip

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The freezes by name."""
        del mask  # a freeze has no secrets
        return [_entry(found) for found in Freeze.objects.select_related("team").order_by("name")]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one freeze so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        freeze = Freeze.objects.select_related("team").filter(name=name).first()
        if freeze is None:
            freeze = Freeze(name=name, starts_at=deed.now)
        _take(freeze, given, deed)
        save_freeze(freeze, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove it."""
        freeze = Freeze.objects.select_related("team").get(name=name)
        delete_freeze(freeze, actor=deed.actor, now=deed.now)


def _entry(freeze: Freeze) -> dict[str, Any]:
    entry = {
        "name": freeze.name,
        "reason": freeze.reason,
        "match": freeze.match,
        "kinds": list(freeze.kinds) if freeze.kinds != list(USUAL_KINDS) else None,
        "starts_at": format_instant(freeze.starts_at),
        "ends_at": format_instant(freeze.ends_at) if freeze.ends_at else None,
        "recurrence": freeze.recurrence,
        "zone": freeze.zone if freeze.zone != "UTC" else None,
        "duration": write_duration(freeze.duration) if freeze.duration else None,
        "exceptions": list(freeze.exceptions),
        "exempt_services": list(freeze.exempt_services),
        "exempt_actors": list(freeze.exempt_actors),
        "team": freeze.team.name if freeze.team else None,
        "enabled": None if freeze.enabled else False,
    }
    # What is as it would be anyhow is left out.
    return {name: value for name, value in entry.items() if value not in (None, "", [])}


def _take(freeze: Freeze, given: dict[str, Node], deed: Deed) -> None:
    for name in ("reason", "match", "recurrence"):
        if name in given:
            setattr(freeze, name, given[name].optional_text())
    for name in _LISTS:
        if name in given:
            setattr(freeze, name, read_texts(given[name]))
    _take_times(freeze, given, deed)
    if "exceptions" in given:
        node = given["exceptions"]
        items = [] if node.value is None else node.items()
        freeze.exceptions = [_exception(item, deed) for item in items]
    if "team" in given:
        freeze.team = find_team(given["team"])
    if "enabled" in given:
        freeze.enabled = given["enabled"].truth()


def _take_times(freeze: Freeze, given: dict[str, Node], deed: Deed) -> None:
    if "starts_at" in given:
        freeze.starts_at = read_instant(given["starts_at"], deed.now)
    if "ends_at" in given:
        node = given["ends_at"]
        freeze.ends_at = None if node.value is None else read_instant(node, deed.now)
    if "zone" in given:
        freeze.zone = given["zone"].optional_text() or "UTC"
    if "duration" in given:
        node = given["duration"]
        freeze.duration = None if node.value is None else read_duration(node)


def _exception(node: Node, deed: Deed) -> dict[str, str]:
    given = node.mapping(known=("from", "until", "reason"), needed=("from", "until"))
    found = {
        name: format_instant(read_instant(given[name], deed.now)) for name in ("from", "until")
    }
    reason = given["reason"].optional_text() if "reason" in given else ""
    return {**found, "reason": reason} if reason else found
