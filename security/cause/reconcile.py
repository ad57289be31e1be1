"""Hold revisions and calls against each other: changes that no call announced, and calls that no
change followed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, QuerySet

from security.activity.silence import expecting_accounts, silent_accounts
from security.cause.pending import GRACE
from security.models import (
    ApiActivity,
    CloudAccount,
    ConfigRevision,
    RevisionCause,
    TrailError,
)

Attribution = ConfigRevision.Attribution
SPAN = timedelta(days=7)
# Of an account: kinds of trouble, and calls, most often first.
MOST_LINES = 50


@dataclass
class Reconciliation:
    """An account's balance over `SPAN`."""

    account: CloudAccount
    # "heard", "silent", or "none": nothing tells of its calls.
    trail: str
    announced: int = 0
    guessed: int = 0
    pending: int = 0
    unannounced: int = 0
    # Calls that name something watched and went well, and those of them that changed nothing seen.
    calls: int = 0
    without_effect: int = 0

    @property
    def coverage(self) -> int | None:
        """Percent of the decided changes that a call announced; None: there are none."""
        decided = self.announced + self.guessed + self.unannounced
        return round(100 * (self.announced + self.guessed) / decided) if decided else None


def reconcile(*, now: datetime) -> list[Reconciliation]:
    """The balance of each watched account; a number of queries that does not grow with them."""
    silent = set(silent_accounts(now=now).values_list("pk", flat=True))
    expecting = set(expecting_accounts().values_list("pk", flat=True))
    accounts = CloudAccount.objects.filter(kind=CloudAccount.Kind.MANAGED).order_by("name")
    found = {
        row.pk: Reconciliation(
            row, "silent" if row.pk in silent else "heard" if row.pk in expecting else "none"
        )
        for row in accounts
    }
    revisions = ConfigRevision.objects.filter(captured_at__gte=now - SPAN, captured_at__lte=now)
    counted = revisions.order_by().values_list("account_id", "attribution").annotate(n=Count("pk"))
    for account, attribution, number in counted:
        _add(found.get(account), attribution, number)
    calls = _settled_calls(now).annotate(
        is_cause=Exists(RevisionCause.objects.filter(activity_id=OuterRef("pk")))
    )
    for account, is_cause, number in (
        calls.order_by().values_list("account_id", "is_cause").annotate(n=Count("pk"))
    ):
        if row := found.get(account):
            row.calls += number
            row.without_effect += 0 if is_cause else number
    return list(found.values())


def unannounced_revisions(account: int | None = None) -> QuerySet[ConfigRevision]:
    """Changes that no event announced."""
    rows = ConfigRevision.objects.filter(attribution=Attribution.NONE)
    return rows.filter(account_id=account) if account else rows


def calls_without_effect(*, now: datetime) -> list[Any]:
    """Which calls changed nothing that was seen, by account and name, most often first: some
    change nothing, others change what no collector reads."""
    caused = RevisionCause.objects.filter(activity_id=OuterRef("pk"))
    rows = (
        _settled_calls(now)
        .filter(~Exists(caused))
        .order_by()
        .values("service", "action", account_name=F("account__name"))
        .annotate(number=Count("pk"))
        .order_by("-number", "service", "action")
    )
    return list(rows[:MOST_LINES])


def troubles() -> Iterable[TrailError]:
    """What could not be used, the latest first."""
    rows = TrailError.objects.select_related("account").defer("body")
    return rows.order_by("-last_at", "-pk")[:MOST_LINES]


def _settled_calls(now: datetime) -> QuerySet[ApiActivity]:
    """Calls of the span that named something watched, went well, and are over for long enough."""
    return ApiActivity.objects.filter(
        is_watched=True, error_code="", at__gte=now - SPAN, at__lte=now - GRACE
    )


def _add(row: Reconciliation | None, attribution: str, number: int) -> None:
    if row is None:
        return
    if attribution == Attribution.EXACT:
        row.announced += number
    elif attribution in (Attribution.LIKELY, Attribution.WINDOW):
        row.guessed += number
    elif attribution == Attribution.PENDING:
        row.pending += number
    elif attribution == Attribution.NONE:
        row.unannounced += number
