"""Mappings of generic webhooks in configuration files."""

from typing import Any

from django.db.models import Prefetch

from alerts.change import delete_mapping, save_mapping
from alerts.configure.values import read_labels
from alerts.formats.mapping import FIELDS
from alerts.models import MappedKey, Mapping
from opsportal.accounts.configure import find_team
from opsportal.accounts.models import ApiKey
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node
from opsportal.lib.configvalues import read_texts

_TABLES = ("labels", "statuses", "severities")


class MappingSection:
    """`mappings: [{name, keys, condition, alerts, fields, labels, statuses, severities, team}]`.

    Keys are made elsewhere, and named here by their prefixes.
    """

    slug = "mappings"
    keys = ("name", "keys", "condition", "alerts", "fields", *_TABLES, "team")

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The mappings by name."""
        del mask  # a mapping has no secrets
        keys = MappedKey.objects.select_related("key").order_by("key__prefix")
        rows = Mapping.objects.select_related("team").prefetch_related(
            Prefetch("mapped_keys", keys)
        )
        return [_told(row) for row in rows.order_by("name")]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one mapping so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        rows = Mapping.objects.select_related("team").filter(name=name)
        mapping = rows.first() or Mapping(name=name)
        for key in ("condition", "alerts"):
            if key in given:
                setattr(mapping, key, given[key].optional_text())
        for key in ("fields", *_TABLES):
            if key in given:
                setattr(mapping, key, read_labels(given[key]))
        if "team" in given:
            mapping.team = find_team(given["team"])
        keys = _find_keys(given["keys"]) if "keys" in given else None
        save_mapping(mapping, keys, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the mapping."""
        mapping = Mapping.objects.select_related("team").get(name=name)
        delete_mapping(mapping, actor=deed.actor, now=deed.now)


def _told(mapping: Mapping) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": mapping.name,
        "keys": [row.key.prefix for row in mapping.mapped_keys.all()],
    }
    for key in ("condition", "alerts"):
        if text := getattr(mapping, key):
            entry[key] = text
    entry["fields"] = {name: mapping.fields[name] for name in FIELDS if name in mapping.fields}
    for key in _TABLES:
        if table := getattr(mapping, key):
            entry[key] = dict(sorted(table.items()))
    if mapping.team:
        entry["team"] = mapping.team.name
    return entry


def _find_keys(node: Node) -> list[ApiKey]:
    prefixes = read_texts(node)
    found = {key.prefix: key for key in ApiKey.objects.filter(prefix__in=prefixes)}
    for place, prefix in enumerate(prefixes):
        if prefix not in found:
            message = f'no key "{prefix}"; make it first, and write its prefix here'
            raise node.items()[place].error(message)
    return list(found.values())
