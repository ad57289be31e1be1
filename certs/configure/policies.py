"""Policies in configuration files."""

from datetime import timedelta
from typing import Any

from certs.change.policies import delete_policy, save_policy
from certs.models import CertificatePolicy
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node
from opsportal.lib.configvalues import read_duration, read_texts
from opsportal.lib.durations import write_duration

_USUAL_GRACE, _USUAL_POSITION = timedelta(hours=1), 100


class CertificatePolicySection:
    """`certificate_policies: [{name, position, match, thresholds, stale_grace, without, ...}]`."""

    slug = "certificate_policies"
    keys = (
        "name", "position", "enabled", "match", "thresholds", "stale_grace", "without", "note",
    )  # fmt: skip

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The policies in order."""
        del mask  # a policy has no secrets
        return [_entry(row) for row in CertificatePolicy.objects.all()]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one policy so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        row = CertificatePolicy.objects.filter(name=name).first() or CertificatePolicy(name=name)
        if "position" in given:
            row.position = given["position"].whole()
        if "enabled" in given:
            row.enabled = given["enabled"].truth()
        for key in ("match", "note"):
            if key in given:
                setattr(row, key, given[key].optional_text())
        if "thresholds" in given:
            row.thresholds = [each.value for each in given["thresholds"].items()]
        if "stale_grace" in given:
            row.stale_grace = read_duration(given["stale_grace"])
        if "without" in given:
            row.without = read_texts(given["without"])
        save_policy(row, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove it."""
        delete_policy(CertificatePolicy.objects.get(name=name), actor=deed.actor, now=deed.now)


def _entry(row: CertificatePolicy) -> dict[str, Any]:
    """All of it, but for what is as usual."""
    entry: dict[str, Any] = {"name": row.name}
    if row.position != _USUAL_POSITION:
        entry["position"] = row.position
    if not row.enabled:
        entry["enabled"] = False
    for key in ("match", "thresholds", "without", "note"):
        if value := getattr(row, key):
            entry[key] = value
    if row.stale_grace != _USUAL_GRACE:
        entry["stale_grace"] = write_duration(row.stale_grace)
    return entry
