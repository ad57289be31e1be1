"""Which scopes there are, and which of them are due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from random import SystemRandom

from django.db import transaction
from django.db.models import Q

from opsportal.lib.outbox import State
from security.collectors import collector_of, collectors
from security.models import CloudAccount, Collection, Scope
from security.normalise import encode

_BATCH = 1000
# Collections planned in one sweep; the next one is five seconds later.
_MOST = 10_000
_jitter = SystemRandom()


def plan_collections(*, now: datetime) -> int:
    """Ask for every scope that is due and not being asked already; how many."""
    ensure_scopes(now=now)
    planned = 0
    while planned < _MOST and (scopes := _due(now)):
        planned += ask_for(scopes, now=now)
    return planned


def ensure_scopes(*, now: datetime) -> int:
    """A scope for each technology where it is watched; how many are new.

    Accounts whose scopes follow from the same regions and technologies as before are not looked
    at: this is asked every few seconds.
    """
    new = 0
    for account in CloudAccount.objects.all():
        wanted = _wanted(account)
        digest = sha256(encode(sorted(wanted))).hexdigest()
        if account.scopes_digest != digest:
            new += _arrange(account, wanted, digest, now)
    return new


def _wanted(account: CloudAccount) -> set[tuple[str, str]]:
    """Region and technology of each."""
    if account.kind != CloudAccount.Kind.MANAGED:
        return set()
    return {
        (region, slug)
        for slug, collector in collectors().items()
        if slug not in account.without
        for region in (account.regions if collector.regional else [""])
    }


def _arrange(
    account: CloudAccount, wanted: set[tuple[str, str]], digest: str, now: datetime
) -> int:
    """Make those that are new, and leave be those that nobody wants any more."""
    with transaction.atomic():
        rows = Scope.objects.select_for_update().filter(account=account).order_by("pk")
        there = {(row.region, row.technology): row for row in rows}
        moved = [row for key, row in there.items() if row.enabled != (key in wanted)]
        for row in moved:
            row.enabled, row.next_at, row.watched_since = not row.enabled, now, now
        Scope.objects.bulk_update(moved, ["enabled", "next_at", "watched_since"], batch_size=_BATCH)
        new = sorted(wanted - there.keys())
        Scope.objects.bulk_create(
            [
                Scope(account=account, region=r, technology=t, next_at=now, watched_since=now)
                for r, t in new
            ],
            ignore_conflicts=True,
            batch_size=_BATCH,
        )
        CloudAccount.objects.filter(pk=account.pk).update(scopes_digest=digest)
    return len(new)


def _due(now: datetime) -> list[Scope]:
    scopes = Scope.objects.filter(
        enabled=True,
        next_at__lte=now,
        account__enabled=True,
        account__frozen=False,
        technology__in=list(collectors()),
    )
    return list(scopes.only("technology").order_by("next_at")[:_BATCH])


def ask_for(scopes: Sequence[Scope], *, now: datetime, reason: str = Collection.Reason.POLL) -> int:
    """A collection of all of each, unless one waits already; and the time of the next one."""
    rank = 1 if reason == Collection.Reason.POLL else 0
    with transaction.atomic():
        Collection.objects.bulk_create(
            [
                Collection(scope=scope, reason=reason, rank=rank, asked_at=now, due_at=now)
                for scope in scopes
            ],
            ignore_conflicts=True,
        )
        for scope in scopes:
            # A tenth more or less, so that accounts do not march in step.
            scope.next_at = now + interval_of(scope.technology) * _jitter.uniform(0.9, 1.1)
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
                scope=scope, targets=sorted(set(resource_ids)), reason=reason, rank=0,
                asked_at=now, due_at=due_at,
            )  # fmt: skip
        row.targets = sorted({*row.targets, *resource_ids})
        row.due_at = min(row.due_at, due_at)
        row.save(update_fields=["targets", "due_at"])
    return row


def interval_of(technology: str) -> timedelta:
    """How often it is asked."""
    collector = collector_of(technology)
    return collector.interval if collector else timedelta(hours=1)
