"""Accounts of clouds in configuration files."""

from typing import Any

from opsportal.accounts.configure import find_team
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node
from opsportal.lib.crypto import MASK
from security.account import delete_account, save_account
from security.models import CloudAccount

_TEXTS = {
    "account": "account_id",
    "kind": "kind",
    "partition": "partition",
    "role": "role_name",
    "trail_queue": "trail_queue_url",
    "org_id": "org_id",
    "ou_path": "ou_path",
    "s3_canonical_id": "s3_canonical_id",
    "note": "note",
}
_USUAL_TEXTS = {"kind": CloudAccount.Kind.MANAGED, "partition": "aws"}
_LISTS = ("regions", "without")
_USUAL_TRUTHS = {"enabled": True, "frozen": False}


class CloudAccountSection:
    """`cloud_accounts: [{name, account, kind, role, external_id, regions, without, team, ...}]`."""

    slug = "cloud_accounts"
    keys = (
        "name", "account", "kind", "partition", "role", "external_id", "regions", "without",
        "trail_queue", "team", "enabled", "frozen", "org_id", "ou_path", "s3_canonical_id", "note",
    )  # fmt: skip

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The accounts by name."""
        return [
            _entry(account, mask)
            for account in CloudAccount.objects.select_related("team").order_by("name")
        ]

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one account so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        account = CloudAccount.objects.select_related("team").filter(name=name).first()
        if account is None:
            entry.mapping(known=list(given), needed=["account"])
            account = CloudAccount(name=name)
        for key, field in _TEXTS.items():
            if key in given:
                setattr(account, field, given[key].optional_text())
        for key in _LISTS:
            if key in given:
                setattr(account, key, [item.text(least=1) for item in given[key].items()])
        for key in _USUAL_TRUTHS:
            if key in given:
                setattr(account, key, given[key].truth())
        if "external_id" in given and given["external_id"].value != MASK:
            account.external_id = given["external_id"].optional_text() or None
        if "team" in given:
            account.team = find_team(given["team"])
        save_account(account, actor=deed.actor, now=deed.now, ambient_number=False)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the account, if it has no history."""
        account = CloudAccount.objects.select_related("team").get(name=name)
        delete_account(account, actor=deed.actor, now=deed.now)


def _entry(account: CloudAccount, mask: Mask) -> dict[str, Any]:
    """All of it, but for what is as usual."""
    entry: dict[str, Any] = {"name": account.name}
    for key, field in _TEXTS.items():
        value = getattr(account, field)
        if value and value != _USUAL_TEXTS.get(key):
            entry[key] = value
    if account.external_id:
        entry["external_id"] = mask(account.external_id)
    entry |= {key: values for key in _LISTS if (values := getattr(account, key))}
    if account.team:
        entry["team"] = account.team.name
    for key, usual in _USUAL_TRUTHS.items():
        if getattr(account, key) != usual:
            entry[key] = not usual
    return entry
