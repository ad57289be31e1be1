"""Heartbeats in configuration files."""

from typing import Any

from alerts.change import delete_heartbeat, save_heartbeat
from alerts.configure.owner import set_owner, show_owner
from alerts.configure.values import read_labels
from alerts.models import Heartbeat
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node
from opsportal.lib.configvalues import read_duration
from opsportal.lib.durations import write_duration


class HeartbeatSection:
    """`heartbeats: [{name, interval, grace, severity, service, environment, labels, team, ...}]`.

    What a beat has set up is here as well; what was heard is not.
    """

    slug = "heartbeats"
    keys = (
        "name", "interval", "grace", "severity", "service", "environment", "labels", "team",
        "enabled",
    )  # fmt: skip

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The heartbeats by name."""
        del mask  # a heartbeat has no secrets
        entries = []
        for heartbeat in Heartbeat.objects.select_related("team").order_by("name"):
            entry: dict[str, Any] = {
                "name": heartbeat.name,
                "interval": write_duration(heartbeat.interval),
                "grace": write_duration(heartbeat.grace),
                "severity": heartbeat.severity,
            }
            for key in ("service", "environment"):
                if text := getattr(heartbeat, key):
                    entry[key] = text
            if heartbeat.labels:
                entry["labels"] = dict(sorted(heartbeat.labels.items()))
            entries.append(entry | show_owner(heartbeat))
        return entries

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one heartbeat so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        heartbeat = Heartbeat.objects.select_related("team").filter(name=name).first()
        if heartbeat is None:
            entry.mapping(known=list(given), needed=["interval"])
            heartbeat = Heartbeat(name=name)
        for key in ("interval", "grace"):
            if key in given:
                setattr(heartbeat, key, read_duration(given[key]))
        if "severity" in given:
            heartbeat.severity = given["severity"].text(least=1)
        for key in ("service", "environment"):
            if key in given:
                setattr(heartbeat, key, given[key].optional_text())
        if "labels" in given:
            heartbeat.labels = read_labels(given["labels"])
        set_owner(heartbeat, given)
        save_heartbeat(heartbeat, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the heartbeat."""
        heartbeat = Heartbeat.objects.select_related("team").get(name=name)
        delete_heartbeat(heartbeat, actor=deed.actor, now=deed.now)
