"""Sources of certificates in configuration files."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from certs.change import delete_source, save_source
from certs.models import Source
from certs.sources import source_kind
from certs.sources.options import shown_options
from opsportal.accounts.configure import find_team
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node
from opsportal.lib.configvalues import read_duration
from opsportal.lib.durations import write_duration

_HOUR = timedelta(hours=1)


def _labels(node: Node) -> dict[str, str]:
    return {key: value.text() for key, value in node.children().items()}


_READ: Mapping[str, Callable[[Node], Any]] = MappingProxyType(
    {
        "enabled": Node.truth,
        "interval": read_duration,
        "team": find_team,
        "environment": Node.optional_text,
        "note": Node.optional_text,
        "labels": _labels,
    }
)


class CertificateSourceSection:
    """`certificate_sources: [{name, kind, options, interval, team, ...}]`."""

    slug = "certificate_sources"
    keys = (
        "name", "kind", "options", "enabled", "interval", "team", "environment", "labels", "note",
    )  # fmt: skip

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The sources by name; without those that make themselves when something is handed in.

        A file that does not name these does not say that all of that is gone.
        """
        rows = Source.objects.select_related("team").order_by("name")
        return [_entry(source, mask) for source in rows if not _is_pushed(source)]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one source so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        source = Source.objects.select_related("team").filter(name=name).first()
        if source is None:
            entry.mapping(known=list(given), needed=["kind"])
            source = Source(name=name)
            if kind := source_kind(given["kind"].text()):
                source.interval = kind.interval
        if "kind" in given:
            source.kind = given["kind"].text()
        options = dict(source.options)
        if "options" in given:
            options = {key: node.value for key, node in given["options"].children().items()}
        for key, read in _READ.items():
            if key in given:
                setattr(source, key, read(given[key]))
        save_source(source, options, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the source, and the places that it knew of."""
        source = Source.objects.select_related("team").get(name=name)
        delete_source(source, actor=deed.actor, now=deed.now)


def _is_pushed(source: Source) -> bool:
    kind = source_kind(source.kind)
    return kind is not None and kind.pushed


def _entry(source: Source, mask: Mask) -> dict[str, Any]:
    """All of it, but for what is as usual."""
    secret = {name: mask(value) for name, value in (source.secret or {}).items()}
    entry: dict[str, Any] = {"name": source.name, "kind": source.kind}
    kind = source_kind(source.kind)
    if options := shown_options(kind, source.options, {}) | secret:
        entry["options"] = options
    usual = kind.interval if kind else _HOUR
    if source.interval != usual:
        entry["interval"] = write_duration(source.interval)
    if source.team:
        entry["team"] = source.team.name
    for key in ("environment", "labels", "note"):
        if value := getattr(source, key):
            entry[key] = value
    if not source.enabled:
        entry["enabled"] = False
    return entry
