"""How collecting is doing: accounts at a glance, and one account's technologies by regions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet, Sum

from security.collect.plan import interval_of
from security.collectors import collectors
from security.models import CloudAccount, CollectorError, Outcome, Scope
from security.watch import STALE_INTERVALS, watched_scopes

GOOD, WAITING, STALE, BAD = "good", "waiting", "stale", "bad"
_WORDS = {
    Outcome.COMPLETE: "complete",
    Outcome.PARTIAL: "partial",
    Outcome.DENIED: "denied",
    Outcome.THROTTLED: "throttled",
    Outcome.REGION_DISABLED: "region off",
    Outcome.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """Of one account."""

    account: CloudAccount
    scopes: int = 0
    failing: int = 0
    waiting: int = 0
    # Facets and resources that cannot be read.
    errors: int = 0
    oldest_at: datetime | None = None
    newest_try_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One scope: how it is (`good`, `waiting`, `stale`, `bad`), and why in a word."""

    scope: Scope
    state: str
    word: str
    age: timedelta | None


@dataclass(frozen=True, slots=True)
class Line:
    """A technology, and its scopes in the order of the regions; None: it is not asked there."""

    label: str
    slug: str
    interval: timedelta
    cells: Sequence[Cell | None]


def account_healths(*, now: datetime) -> list[AccountHealth]:
    """Of all accounts that are watched, those in trouble first; two queries."""
    accounts = CloudAccount.objects.filter(kind=CloudAccount.Kind.MANAGED)
    figures = {
        row["account_id"]: row
        for row in watched_scopes()
        .order_by()
        .values("account_id")
        .annotate(
            scopes=Count("pk"),
            failing=Count("pk", filter=~Q(outcome__in=["", Outcome.COMPLETE])),
            waiting=Count("pk", filter=Q(outcome="")),
            errors_open=Sum("errors"),
            oldest=Min("complete_at"),
        )
    }
    found = [
        AccountHealth(
            account,
            row["scopes"], row["failing"], row["waiting"], row["errors_open"] or 0, row["oldest"],
        )
        if (row := figures.get(account.pk))
        else AccountHealth(account)
        for account in accounts
    ]  # fmt: skip
    return sorted(found, key=lambda row: (-row.failing, -row.errors, row.account.name))


def health_of(account: CloudAccount, *, now: datetime) -> tuple[list[str], list[Line]]:
    """The account's regions (empty: global) and a line for each technology; one query."""
    rows = {
        (row.technology, row.region): row
        for row in Scope.objects.filter(account=account, enabled=True)
    }
    regions = sorted({region for _, region in rows})
    lines = [
        Line(
            collector.label,
            slug,
            collector.interval,
            [
                _cell(rows[slug, region], now) if (slug, region) in rows else None
                for region in regions
            ],
        )
        for slug, collector in collectors().items()
        if any((slug, region) in rows for region in regions)
    ]
    return regions, lines


def _cell(scope: Scope, now: datetime) -> Cell:
    age = None if scope.complete_at is None else max(now - scope.complete_at, timedelta(0))
    late = age is not None and age > STALE_INTERVALS * interval_of(scope.technology)
    if not scope.outcome:
        return Cell(scope, WAITING, "waiting", age)
    word = _WORDS[Outcome(scope.outcome)]
    if scope.outcome != Outcome.COMPLETE:
        return Cell(scope, BAD, word, age)
    if scope.held:
        return Cell(scope, BAD, "held", age)
    return Cell(scope, STALE if late else GOOD, "stale" if late else word, age)


def open_errors(account: CloudAccount | None) -> QuerySet[CollectorError]:
    """What cannot be read now, of what is watched."""
    rows = CollectorError.objects.select_related("scope__account").filter(cleared_at=None)
    if account is not None:
        rows = rows.filter(scope__account=account)
    return rows.filter(scope__enabled=True)
