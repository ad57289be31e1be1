"""Aliases in configuration files."""

from typing import Any

from chronos.alias import delete_alias, save_alias
from chronos.models import ALIASED, Alias
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node


class AliasSection:
    """`aliases: [{name: "service:Billing_API", canonical: billing-api}]`."""

    slug = "aliases"
    keys = ("name", "canonical")

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The aliases by field and name."""
        del mask  # an alias has no secrets
        return [
            {"name": f"{alias.field}:{alias.name}", "canonical": alias.canonical}
            for alias in Alias.objects.order_by("field", "name")
        ]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one alias so."""
        given = entry.mapping(known=self.keys, needed=["canonical"])
        field, name = _split(entry.named())
        if field not in ALIASED or not name:
            raise given["name"].error(f"write {' or '.join(ALIASED)}, a colon and the name")
        alias = _find(field, name) or Alias(field=field, name=name)
        alias.canonical = given["canonical"].text(least=1)
        save_alias(alias, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the alias."""
        if alias := _find(*_split(name)):
            delete_alias(alias, actor=deed.actor, now=deed.now)


def _split(text: str) -> tuple[str, str]:
    field, _, name = text.partition(":")
    return field.strip(), name.strip()


def _find(field: str, name: str) -> Alias | None:
    return Alias.objects.filter(field=field, name=name).first()
