"""What is known of a scope before it is asked, short enough for all of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from django.conf import settings

from opsportal.lib.crypto import derived_key
from opsportal.lib.ids import IdIn
from security.collectors import Collector
from security.models import CloudResource, Scope


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a resource; two that are equal say that nobody wrote meanwhile."""

    pk: int
    complete_hash: str
    normaliser_version: int
    state: str
    captured_at: datetime
    unique_id: str
    unknown: frozenset[str]


_NOTHING: frozenset[str] = frozenset()


def known_in(scope: Scope, collector: type[Collector]) -> dict[str, Known]:
    """What is known of the scope's resources, by their ids."""
    rows = resources_of(scope, collector).values_list(
        "resource_id", "pk", "complete_hash", "normaliser_version", "state", "captured_at",
        "unique_id", "unknown",
    )  # fmt: skip
    return {
        name: Known(pk, digest, version, state, at, unique_id, frozenset(unknown) or _NOTHING)
        for name, pk, digest, version, state, at, unique_id, unknown in rows.iterator(2000)
    }


def resources_of(scope: Scope, collector: type[Collector]) -> Any:
    """The rows of a scope; a global listing has those of all regions."""
    rows = CloudResource.objects.filter(account_id=scope.account_id, technology=scope.technology)
    return rows.filter(region=scope.region) if collector.regional else rows


def lock_resources(ids: Sequence[int]) -> dict[int, CloudResource]:
    """Rows that are to be written, locked in the order of their ids."""
    if not ids:
        return {}
    rows = CloudResource.objects.select_for_update().filter(IdIn(ids)).order_by("pk")
    return {row.pk: row for row in rows}


class Principals(Mapping[str, str]):
    """The ARNs that the account's unique ids stand for; asked of the database when first needed.

    Those of what is deleted stand for nobody any more.
    """

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id

    @cached_property
    def _arns(self) -> dict[str, str]:
        rows = CloudResource.objects.filter(account_id=self._account_id).exclude(unique_id="")
        rows = rows.exclude(state=CloudResource.State.DELETED)
        return dict(rows.values_list("unique_id", "arn"))

    def __getitem__(self, unique_id: str) -> str:
        return self._arns[unique_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arns)

    def __len__(self) -> int:
        return len(self._arns)

    def __bool__(self) -> bool:
        return True


@cache
def _secret(key: str) -> bytes:
    return derived_key(key, "opsportal security hashes")


def secret() -> bytes:
    """What keys the hashes of secrets: of the oldest key, so that rotating it changes no hash."""
    return _secret([settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS][-1])
