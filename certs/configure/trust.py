"""Trust stores in configuration files."""

from typing import Any

from certs.models import TrustStore
from certs.validate.stores import delete_store, save_store
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node

_TEXTS, _USUAL_TRUTHS = ("pem", "note"), {"enabled": True, "public": False}


class TrustStoreSection:
    """`trust_stores: [{name, pem, enabled, public, note}]`; those that the portal brings have no
    `pem`, and can be switched off."""

    slug = "trust_stores"
    keys = ("name", *_TEXTS, *_USUAL_TRUTHS)

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The stores by name; of the portal's own only what is not as usual."""
        del mask  # roots are no secrets
        return [_entry(row) for row in TrustStore.objects.order_by("name") if _is_told(row)]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one store so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        row = TrustStore.objects.filter(name=name).first()
        if row is None:
            entry.mapping(known=list(given), needed=["pem"])
            row = TrustStore(name=name)
        for key in _TEXTS:
            if key in given:
                setattr(row, key, given[key].optional_text())
        for key in _USUAL_TRUTHS:
            if key in given:
                setattr(row, key, given[key].truth())
        save_store(row, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove it."""
        delete_store(TrustStore.objects.get(name=name), actor=deed.actor, now=deed.now)


def _is_told(row: TrustStore) -> bool:
    return row.kind == TrustStore.Kind.PRIVATE or not row.enabled


def _entry(row: TrustStore) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": row.name}
    entry |= {key: value for key in _TEXTS if (value := getattr(row, key))}
    told = _USUAL_TRUTHS if row.kind == TrustStore.Kind.PRIVATE else {"enabled": True}
    return entry | {key: not usual for key, usual in told.items() if getattr(row, key) != usual}
