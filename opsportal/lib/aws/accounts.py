"""The accounts of clouds that are configured, whoever configures them."""

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


def configured_accounts() -> dict[str, NamedRole]:
    """Name -> account, of those that may be read now, as settings.CLOUD_ACCOUNTS knows them."""
    found: dict[str, NamedRole] = {}
    for path in settings.CLOUD_ACCOUNTS:
        known: Callable[[], Iterable[NamedRole]] = import_string(path)
        found |= {account.name: account for account in known()}
    return found
