"""What checks may ask of the rest of an account: loaded once for each batch."""

import ipaddress
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q

from security.auditors import Names, Reference
from security.models import CloudAccount, CloudResource, NetworkAllowlist, Outcome, Relation, Scope
from security.policies.trust import Accounts, Known


class LoadedWorld:
    """The `World` of one account and region, for a batch of resources."""

    def __init__(
        self, account: CloudAccount, region: str, resource_ids: Sequence[str], now: datetime
    ) -> None:
        self.now, self.account_id, self.partition = now, account.account_id, account.partition
        self._account, self._region, self._ids = account, region, resource_ids
        self._configs: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._everywhere: dict[tuple[str, str], Names | None] = {}

    def is_known(self, technology: str, region: str | None = None) -> bool:
        """Whether a complete listing of it was ever read there."""
        where = self._region if region is None else region
        return (technology, where) in self._complete or (technology, "") in self._complete

    def configs(self, technology: str) -> Mapping[str, Mapping[str, Any]]:
        """Resource id -> what is certain of its configuration, in the same account and region."""
        if technology not in self._configs:
            rows = CloudResource.objects.filter(
                Q(region=self._region) | Q(region=""),
                account=self._account,
                technology=technology,
            ).exclude(state=CloudResource.State.DELETED)
            self._configs[technology] = {
                resource_id: {name: value for name, value in config.items() if name not in unknown}
                if unknown
                else config
                for resource_id, config, unknown in rows.values_list(
                    "resource_id", "config", "unknown"
                )
            }
        return self._configs[technology]

    def everywhere(self, technology: str, facet: str = "") -> Names | None:
        """What all accounts and regions have of it; None unless all were listed in full."""
        key = (technology, facet)
        if key not in self._everywhere:
            self._everywhere[key] = _names(technology, facet)
        return self._everywhere[key]

    def referrers(self, resource_id: str) -> list[Reference]:
        """What refers to it."""
        return self._referrers.get(resource_id, [])

    def trust(self, principal: str) -> str:
        """What a principal of a policy is to the account: see `security/policies/trust.py`."""
        return self._accounts.trust(principal, self.account_id)

    def is_allowed_network(self, cidr: str) -> bool:
        """Whether it lies within a known network."""
        network = ipaddress.ip_network(cidr, strict=False)
        return any(
            network.version == known.version and network.subnet_of(known)  # type: ignore[arg-type]
            for known in self._networks
        )

    @cached_property
    def _accounts(self) -> Accounts:
        rows = CloudAccount.objects.values_list("account_id", "kind", "s3_canonical_id", "org_id")
        return Accounts((Known(*row) for row in rows), self._owner_of)

    def _owner_of(self, unique_id: str) -> str | None:
        return self._owners.get(unique_id)

    @cached_property
    def _owners(self) -> dict[str, str]:
        """Unique id -> account, of all roles and users that are there."""
        rows = CloudResource.objects.exclude(state=CloudResource.State.DELETED)
        return dict(rows.exclude(unique_id="").values_list("unique_id", "account__account_id"))

    @cached_property
    def _networks(self) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        rows = NetworkAllowlist.objects.filter(Q(expires_at=None) | Q(expires_at__gt=self.now))
        return [ipaddress.ip_network(cidr) for cidr in rows.values_list("cidr", flat=True)]

    @cached_property
    def _complete(self) -> set[tuple[str, str]]:
        rows = Scope.objects.filter(account=self._account, complete_at__isnull=False)
        return set(rows.values_list("technology", "region"))

    @cached_property
    def _referrers(self) -> dict[str, list[Reference]]:
        found: dict[str, list[Reference]] = defaultdict(list)
        rows = Relation.objects.filter(target__in=self._ids, source__account=self._account).exclude(
            source__state=CloudResource.State.DELETED
        )
        for target, kind, technology, source in rows.values_list(
            "target", "kind", "source__technology", "source__resource_id"
        ):
            found[target].append(Reference(kind, technology, source))
        return found


def _names(technology: str, facet: str) -> Names | None:
    scopes = Scope.objects.filter(
        technology=technology, enabled=True, account__enabled=True, account__frozen=False
    )
    outcomes = set(scopes.values_list("outcome", flat=True).distinct())
    if outcomes != {Outcome.COMPLETE}:
        return None
    name = f"config__{facet}" if facet else "resource_id"
    there: set[str] = set()
    gone: set[str] = set()
    accounts = list(CloudAccount.objects.values_list("pk", flat=True))
    rows = CloudResource.objects.filter(account__in=accounts, technology=technology)
    for state, value in rows.values_list("state", name).iterator(chunk_size=2000):
        (gone if state == CloudResource.State.DELETED else there).add(str(value).lower())
    return Names(frozenset(there), frozenset(gone - there))
