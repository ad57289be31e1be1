"""What audits are asked by beside the resources: checks, trusted accounts, networks, overrides.

Compared at each sweep with what they were at the last one, however they came to differ: by a page,
a file, a new release, or because a known network's time is over.
"""

import ipaddress
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from security.audit.dependents import set_due
from security.auditors import auditors
from security.models import (
    AddressUse,
    AuditBasis,
    CheckOverride,
    CloudAccount,
    CloudResource,
    NetworkAllowlist,
    Relation,
)

_CHECKS = "checks of "
_Value = dict[str, Any]


def notice_basis(*, now: datetime) -> int:
    """Set due what a difference touches; how many resources. Four small queries when there is
    none."""
    known = dict(AuditBasis.objects.values_list("name", "value"))
    current = {
        **_checks(),
        "accounts": _accounts(),
        "networks": _networks(now),
        "overrides": _overrides(),
    }
    # A technology without checks any more.
    current |= {name: {} for name in known if name.startswith(_CHECKS) and name not in current}
    total = 0
    for name, value in current.items():
        before = known.get(name, {})
        if before == value and name in known:
            continue
        if before != value:
            total += set_due(_touched(name, before, value), now=now)
        AuditBasis.objects.update_or_create(name=name, defaults={"value": value, "changed_at": now})
    return total


def _checks() -> dict[str, _Value]:
    found: dict[str, _Value] = {}
    for auditor in auditors().values():
        for technology in auditor.technologies:
            found.setdefault(_CHECKS + technology, {})[auditor.slug] = auditor.version
    return found


def _accounts() -> _Value:
    rows = CloudAccount.objects.values_list(
        "account_id", "kind", "org_id", "ou_path", "s3_canonical_id"
    )
    return {account: list(rest) for account, *rest in rows}


def _networks(now: datetime) -> _Value:
    rows = NetworkAllowlist.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now))
    return dict.fromkeys(rows.values_list("cidr", flat=True), 1)


def _overrides() -> _Value:
    rows = CheckOverride.objects.values_list(
        "pk", "check_id", "account_id", "match", "score", "enabled"
    )
    return {str(pk): list(rest) for pk, *rest in rows}


def _touched(name: str, before: _Value, after: _Value) -> QuerySet[CloudResource]:
    rows = CloudResource.objects.exclude(state=CloudResource.State.DELETED)
    differ = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    if name.startswith(_CHECKS):
        return rows.filter(technology=name.removeprefix(_CHECKS))
    if name == "networks":
        return rows.filter(_about_networks(differ))
    if name == "overrides":
        return rows.filter(_about_overrides(side[key] for key in differ for side in (before, after)
                                            if key in side))  # fmt: skip
    # Any policy may name an account.
    return rows.filter(technology__in=_audited())


def _audited() -> set[str]:
    return {found for auditor in auditors().values() for found in auditor.technologies}


def _about_networks(cidrs: Iterable[str]) -> Q:
    """What has addresses within them, and what refers to such."""
    within = Q(pk__in=[])
    for cidr in cidrs:
        try:
            network = ipaddress.ip_network(cidr, strict=False)
        except ValueError:
            continue
        shift = 0xFFFF << 32 if network.version == 4 else 0
        first, last = (int(found) | shift for found in (network[0], network[-1]))
        within |= Q(first__gte=f"{first:032x}", first__lte=f"{last:032x}")
    uses = AddressUse.objects.filter(within, until=None)
    names = uses.values("resource__resource_id")
    return Q(pk__in=uses.values("resource_id")) | Q(
        pk__in=Relation.objects.filter(target__in=names).values("source_id")
    )


def _about_overrides(rows: Iterable[list[Any]]) -> Q:
    """What their checks are asked about, where they apply."""
    found = Q(pk__in=[])
    for check, account, *_ in rows:
        auditor = auditors().get(check)
        if auditor is not None:
            where = Q(technology__in=auditor.technologies)
            found |= where if account is None else where & Q(account=account)
    return found
