"""How many resources of a scope passed each check: counted, since passes have no rows."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import CharField, Count, F, Q, QuerySet, Value
from django.db.models.functions import Cast

from security.auditors import auditors_of
from security.collectors import collector_of
from security.models import CloudResource, Finding, Scope


def count_passes(places: Iterable[tuple[int, str, str]]) -> None:
    """Count anew in the scopes of these: account, region, technology. Three statements."""
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
    rows = CloudResource.objects.filter(within).exclude(state=CloudResource.State.DELETED)
    findings = Finding.objects.filter(within).exclude(status=Finding.Status.FIXED)
    # Resources that are there under no check, and those that fail one under it.
    counted: dict[tuple[int, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for account, region, technology, check, number in _grouped(rows, Value(""), "pk").union(
        _grouped(findings, F("check_id"), "resource"), all=True
    ):
        counted[_scope_of(account, region, technology)][check] += number
    for scope in scopes:
        found = counted[scope.account_id, scope.region, scope.technology]
        scope.passes = {
            auditor.slug: max(0, found[""] - found[auditor.slug])
            for auditor in auditors_of(scope.technology)
        }
    Scope.objects.bulk_update(scopes, ["passes"])


def _scope_of(account: int, region: str, technology: str) -> tuple[int, str, str]:
    """A global listing has the resources of all regions."""
    collector = collector_of(technology)
    return account, region if collector is None or collector.regional else "", technology


def _grouped(rows: QuerySet[Any], check: Any, counted: str) -> QuerySet[Any, Any]:
    """Account, region, technology and check of the rows, and how many different ones there are."""
    by = ("account_id", "region", "technology", "check")
    named = rows.order_by().annotate(check=Cast(check, CharField()))
    numbers = named.values(*by).annotate(n=Count(counted, distinct=True))
    found: QuerySet[Any, Any] = numbers.values_list(*by, "n")
    return found
