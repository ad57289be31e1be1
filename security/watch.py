"""Alerts about collecting itself: what is refused, what is not read any more, what vanished.

Said again as long as it lasts, which changes nothing; what no longer holds is resolved.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Greatest

from alerts.models import Alert
from alerts.normalise import FIRING, RESOLVED, AlertEvent, Link
from alerts.ourselves import SOURCE
from alerts.receive import receive_alerts
from opsportal.lib.times import format_duration
from security.collect.plan import interval_of
from security.collectors import collectors
from security.models import CloudAccount, CollectorError, Outcome, Scope

PREFIX = "security:watch:"
HEALTH, ERRORS = "/security/health/", "/security/health/errors/"
# Without a complete listing for so many intervals a scope is stale.
STALE_INTERVALS = 3
# What may pass by itself is told when it fails so often in a row.
_PATIENCE = 2
_MOST_ROWS, _MOST_LINES = 2000, 20
_WORDS = {
    Outcome.DENIED: ("CollectorDenied", "is refused", "Grant what is listed to the portal's role."),
    Outcome.THROTTLED: (
        "CollectorThrottled",
        "is throttled",
        "Something asks this account's API too much; the portal itself keeps its pace.",
    ),
    Outcome.REGION_DISABLED: (
        "CollectorRegionDisabled",
        "lies in a region that is not enabled",
        "Enable the region in the account, or take it out of the account's regions here.",
    ),
    Outcome.FAILED: ("CollectorFailed", "fails", "The errors' messages say how."),
}


def watch_collections(*, now: datetime) -> int:
    """Raise what is wrong and resolve what no longer is; how much is wrong."""
    events = [*_troubles(), *_stale(now), *_vanished()]
    told = {event.dedup_key for event in events}
    opened = Alert.objects.filter(dedup_key__startswith=PREFIX, resolved_at=None)
    over = [
        AlertEvent(name=name, dedup_key=key, status=RESOLVED, ends_at=now, source=SOURCE)
        for key, name in opened.values_list("dedup_key", "name")
        if key not in told
    ]
    receive_alerts([*events, *over], now=now)
    return len(events)


def watched_scopes() -> QuerySet[Scope]:
    """Those of accounts that are asked."""
    return Scope.objects.select_related("account").filter(
        enabled=True,
        account__enabled=True,
        account__frozen=False,
        account__kind=CloudAccount.Kind.MANAGED,
        technology__in=list(collectors()),
    )


def stale_scopes(now: datetime) -> QuerySet[Scope]:
    """Those of which no listing was complete for too long."""
    since = Greatest(
        Coalesce("complete_at", "watched_since"), Coalesce("watched_since", "complete_at")
    )
    late = Q()
    for slug in collectors():
        late |= Q(technology=slug, since__lt=now - STALE_INTERVALS * interval_of(slug))
    return watched_scopes().annotate(since=since).filter(late).order_by("since", "pk")


def _troubles() -> Iterator[AlertEvent]:
    """One for each account and class of outcome."""
    lasting = Q(outcome__in=[Outcome.DENIED, Outcome.REGION_DISABLED]) | Q(count__gte=_PATIENCE)
    rows = CollectorError.objects.select_related("scope__account").filter(
        lasting, cleared_at=None, scope__in=watched_scopes()
    )
    together: dict[tuple[int, str], list[CollectorError]] = defaultdict(list)
    for row in rows.order_by("pk")[:_MOST_ROWS]:
        together[row.scope.account_id, row.outcome].append(row)
    for (_, outcome), errors in together.items():
        yield _trouble(errors[0].scope.account, Outcome(outcome), errors)


def _trouble(
    account: CloudAccount, outcome: Outcome, errors: Sequence[CollectorError]
) -> AlertEvent:
    name, word, advice = _WORDS[outcome]
    actions = sorted({row.action for row in errors if row.action})
    scopes = sorted({f"{row.scope.technology} {row.scope.region or 'global'}" for row in errors})
    parts = f"{scopes[0]} {word}" if len(scopes) == 1 else f"{len(scopes)} scopes: each {word}"
    if outcome == Outcome.DENIED and "sts:AssumeRole" in actions:
        parts = "its role cannot be assumed"
        advice = "Check that the role exists, whom its trust policy names, and the external id."
    elif outcome == Outcome.DENIED and actions:
        parts += f"; to grant: {', '.join(actions)}"
    lines = [
        f"{row.scope.technology} {row.scope.region or 'global'}"
        f"{' ' + row.facet if row.facet else ''}: {row.code} {row.message[:200]}"
        for row in errors[:_MOST_LINES]
    ]
    return _event(
        account,
        name,
        f"collector:{account.account_id}:{outcome}",
        f"{account.name}: {parts}",
        "\n".join([advice, "Nothing is called deleted meanwhile.", *lines]),
        page=f"{ERRORS}?account={account.account_id}",
        outcome=str(outcome),
    )


def _stale(now: datetime) -> Iterator[AlertEvent]:
    """One for each account."""
    together: dict[int, list[Scope]] = defaultdict(list)
    for scope in stale_scopes(now)[:_MOST_ROWS]:
        together[scope.account_id].append(scope)
    for scopes in together.values():
        account, oldest = scopes[0].account, scopes[0].since  # type: ignore[attr-defined]
        lines = [f"{row.technology} {row.region or 'global'}" for row in scopes[:_MOST_LINES]]
        yield _event(
            account,
            "InventoryStale",
            f"stale:{account.account_id}",
            f"{account.name}: {len(scopes)} {'scope has' if len(scopes) == 1 else 'scopes have'} "
            f"not been read to the end for {format_duration(now - oldest)}",
            "\n".join(["What the portal shows of these is as old as that.", *lines]),
            page=f"{HEALTH}?account={account.account_id}",
        )


def _vanished() -> Iterator[AlertEvent]:
    """One for each scope of which too much was absent at once."""
    for scope in watched_scopes().exclude(held={}).order_by("pk")[:_MOST_ROWS]:
        account, held = scope.account, scope.held
        where = f"{scope.technology} in {scope.region or 'all regions'}"
        yield _event(
            account,
            "MassDisappearance",
            f"vanished:{account.account_id}:{scope.region}:{scope.technology}",
            f"{account.name}: {held.get('absent')} of {held.get('of')} {where} "
            "are absent from a complete listing",
            "Nothing is called deleted until AWS says so of each: they are asked for one by one, a "
            "hundred after each listing.",
            page=f"{HEALTH}?account={account.account_id}",
            severity="high",
            technology=scope.technology,
        )


def _event(
    account: CloudAccount,
    name: str,
    key: str,
    summary: str,
    description: str,
    *,
    page: str,
    severity: str = "warning",
    **labels: str,
) -> AlertEvent:
    return AlertEvent(
        name=name,
        dedup_key=f"{PREFIX}{key}"[:255],
        status=FIRING,
        severity=severity,
        summary=summary[:1024],
        description=description,
        source=SOURCE,
        service=SOURCE,
        labels={"account": account.account_id, "account_name": account.name, **labels},
        links=(Link(settings.PUBLIC_URL + page, "Health of collecting"),),
        team_id=account.team_id,
    )
