"""How many resources of a scope passed each check: counted, since passes have no rows."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet

from security.auditors import auditors_of
from security.collectors import collector_of
from security.models import CloudResource, Finding, Scope


def count_passes(places: Iterable[tuple[int, str, str]]) -> None:
    """Count anew in the scopes of these: account, region, technology. Four statements."""
    wanted = {_scope_of(*place) for place in places}
    scopes = [
        row
        for row in Scope.objects.filter(
            account__in={account for account, _, _ in wanted},
            technology__in={technology for _, _, technology in wanted},
        )
        if (row.account_id, row.region, row.technology) in wanted
    ]
    if not scopes:
        return
    within = Q(
        account__in={row.account_id for row in scopes},
        technology__in={row.technology for row in scopes},
    )
    there: dict[tuple[int, str, str], int] = defaultdict(int)
    rows = CloudResource.objects.filter(within).exclude(state=CloudResource.State.DELETED)
    for account, region, technology, count in _grouped(rows, Count("pk")):
        there[_scope_of(account, region, technology)] += count
    failing: dict[tuple[int, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    findings = Finding.objects.filter(within).exclude(status=Finding.Status.FIXED)
    counted = _grouped(findings, Count("resource", distinct=True), "check_id")
    for account, region, technology, check, count in counted:
        failing[_scope_of(account, region, technology)][check] += count
    for scope in scopes:
        key = (scope.account_id, scope.region, scope.technology)
        scope.passes = {
            auditor.slug: max(0, there[key] - failing[key][auditor.slug])
            for auditor in auditors_of(scope.technology)
        }
    Scope.objects.bulk_update(scopes, ["passes"])


def _scope_of(account: int, region: str, technology: str) -> tuple[int, str, str]:
    """A global listing has the resources of all regions."""
    collector = collector_of(technology)
    return account, region if collector is None or collector.regional else "", technology


def _grouped(rows: QuerySet[Any], count: Count, *more: str) -> Iterable[tuple[Any, ...]]:
    by = ("account_id", "region", "technology", *more)
    found: Iterable[tuple[Any, ...]] = (
        rows.order_by().values(*by).annotate(n=count).values_list(*by, "n")
    )
    return found
