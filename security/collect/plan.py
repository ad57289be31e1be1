"""Which scopes there are, and which of them are due."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import SystemRandom

from django.db import transaction
from django.db.models import Q

from opsportal.lib.outbox import State
from security.collectors import collector_of, collectors
from security.models import CloudAccount, Collection, Scope

_BATCH = 500
_jitter = SystemRandom()


def plan_collections(*, now: datetime) -> int:
    """Ask for every scope that is due and not being asked already; how many."""
    ensure_scopes(now=now)
    planned = 0
    while scopes := _due(now):
        planned += ask_for(scopes, now=now)
    return planned


def ensure_scopes(*, now: datetime) -> int:
    """A scope for each technology where it is watched; how many are new."""
    accounts = CloudAccount.objects.filter(kind=CloudAccount.Kind.MANAGED, enabled=True)
    wanted = {key for account in accounts for key in _wanted(account)}
    there = set(Scope.objects.values_list("account_id", "region", "technology"))
    new = sorted(wanted - there)
    Scope.objects.bulk_create(
        [
            Scope(account_id=account, region=region, technology=technology, next_at=now)
            for account, region, technology in new
        ],
        ignore_conflicts=True,
    )
    return len(new)


def _wanted(account: CloudAccount) -> Iterator[tuple[int, str, str]]:
    for slug, collector in collectors().items():
        if slug not in account.without:
            for region in account.regions if collector.regional else [""]:
                yield account.pk, region, slug


def _due(now: datetime) -> list[Scope]:
    scopes = Scope.objects.select_related("account").filter(
        enabled=True,
        next_at__lte=now,
        account__enabled=True,
        account__frozen=False,
        account__kind=CloudAccount.Kind.MANAGED,
        technology__in=list(collectors()),
    )
    return list(scopes.order_by("next_at")[:_BATCH])


def ask_for(scopes: Sequence[Scope], *, now: datetime) -> int:
    """A collection of all of each, unless one waits already; and the time of the next one."""
    with transaction.atomic():
        Collection.objects.bulk_create(
            [Collection(scope=scope, asked_at=now, due_at=now) for scope in scopes],
            ignore_conflicts=True,
        )
        for scope in scopes:
            scope.next_at = now + _interval(scope)
        Scope.objects.bulk_update(scopes, ["next_at"])
    return len(scopes)


def ask_about(
    scope: Scope, resource_ids: Sequence[str], *, reason: str, due_at: datetime, now: datetime
) -> Collection:
    """A collection of some resources; one that waits for its time takes them with it."""
    waiting = Collection.objects.filter(~Q(targets=[]), scope=scope, state=State.DUE, attempts=0)
    with transaction.atomic():
        row = waiting.select_for_update().order_by("due_at").first()
        if row is None:
            return Collection.objects.create(
                scope=scope, targets=sorted(set(resource_ids)), reason=reason,
                asked_at=now, due_at=due_at,
            )  # fmt: skip
        row.targets = sorted({*row.targets, *resource_ids})
        row.due_at = min(row.due_at, due_at)
        row.save(update_fields=["targets", "due_at"])
    return row


def _interval(scope: Scope) -> timedelta:
    """The collector's, a tenth more or less, so that accounts do not march in step."""
    collector = collector_of(scope.technology)
    usual = collector.interval if collector else timedelta(hours=1)
    return usual * _jitter.uniform(0.9, 1.1)
