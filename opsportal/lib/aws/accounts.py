"""The accounts of clouds that are configured, whoever configures them, and who reads there."""

from collections.abc import Callable, Iterable
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from opsportal.lib.aws.access import CloudRole


class NamedRole(CloudRole, Protocol):
    """An account that people know by a name."""

    @property
    def name(self) -> str:
        """Unique."""


def further_actions(account: str) -> set[str]:
    """The permissions that whatever settings.CLOUD_READERS lists needs in the account."""
    needed: set[str] = set()
    for path in settings.CLOUD_READERS:
        needs: Callable[[str], set[str]] = import_string(path)
        needed |= needs(account)
    return needed


def configured_accounts() -> dict[str, NamedRole]:
    """Name -> account, of those that may be read now, as settings.CLOUD_ACCOUNTS knows them."""
    found: dict[str, NamedRole] = {}
    for path in settings.CLOUD_ACCOUNTS:
        known: Callable[[], Iterable[NamedRole]] = import_string(path)
        found |= {account.name: account for account in known()}
    return found
