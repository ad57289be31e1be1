"""What depends on what, in configuration files."""

from itertools import groupby
from typing import Any

from chronos.depend import save_dependencies
from chronos.models import Dependency
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node


class DependencySection:
    """`dependencies: [{name: checkout, depends_on: [payments-db, cart]}]`."""

    slug = "dependencies"
    keys = ("name", "depends_on")

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The services by name."""
        del mask  # a dependency has no secrets
        rows = Dependency.objects.order_by("service", "depends_on")
        return [
            {"name": service, "depends_on": [row.depends_on for row in found]}
            for service, found in groupby(rows, key=lambda row: row.service)
        ]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make what one service depends on so."""
        given = entry.mapping(known=self.keys, needed=["depends_on"])
        needed = [item.text(least=1) for item in given["depends_on"].items()]
        save_dependencies(entry.named(), needed, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """It depends on nothing that is known."""
        save_dependencies(name, [], actor=deed.actor, now=deed.now)
