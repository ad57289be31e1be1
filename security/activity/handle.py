"""What follows from calls: what they name is asked about, and revisions get their causes."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q

from opsportal.lib.deadlocks import start_over
from opsportal.lib.ids import IdIn
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import UNFINISHED
from security.activity.tamper import watch_trails
from security.activity.trouble import note_troubles, trouble
from security.cause.find import find_effects
from security.collect.plan import ask_about
from security.collectors import collector_of
from security.models import ActivityTarget, ApiActivity, Collection, Scope, TrailError

_BATCH = 500
# The first call has its resource asked about at once; those that follow so soon, once, after it.
DEBOUNCE = timedelta(seconds=6)
# A call that names nothing has all of its scope asked about, so soon.
SWEPT_AFTER = timedelta(seconds=10)
OUTBOX = "security.collections"
# Account, technology, region ("" for what is global).
Place = tuple[int, str, str]


def handle_activities(*, now: datetime) -> int:
    """Act on calls that nobody has acted on; how many. What a killed process left comes again."""
    total = 0
    while handled := start_over(partial(_handle_batch, now)):
        total += handled
    return total


def _handle_batch(now: datetime) -> int:
    new = ApiActivity.objects.filter(handled_at=None)
    if not new.exists():
        return 0
    with transaction.atomic():
        rows = list(
            new.select_for_update(skip_locked=True, of=("self",))
            .select_related("account")
            .order_by("pk")[:_BATCH]
        )
        _ask(rows, now)
        find_effects(rows, now=now)
        watch_trails(rows, now=now)
        ApiActivity.objects.filter(IdIn(row.pk for row in rows)).update(handled_at=now)
    return len(rows)


def _ask(activities: Sequence[ApiActivity], now: datetime) -> None:
    """Have what they name asked about; never what failed, which changed nothing."""
    wanted = _wanted([row for row in activities if not row.error_code])
    if not wanted:
        return
    scopes = {
        (row.account_id, row.technology, row.region): row
        for row in Scope.objects.select_related("account").filter(
            account_id__in={place[0] for place in wanted},
            technology__in={place[1] for place in wanted},
        )
    }
    watched = {place: scopes[place] for place in wanted if place in scopes}
    recent = _recently([scope.pk for scope in watched.values()], now)
    for place, scope in sorted(watched.items()):
        if scope.enabled and scope.account.enabled and not scope.account.frozen:
            _ask_one(scope, wanted[place], recent.get(scope.pk, {}), now)
    _note_unwatched(activities, set(wanted) - set(watched), now)
    nudge(OUTBOX)


def _ask_one(
    scope: Scope, resource_ids: set[str], recent: dict[str, datetime], now: datetime
) -> None:
    if "" in resource_ids:
        soon = now + SWEPT_AFTER
        Scope.objects.filter(pk=scope.pk, next_at__gt=soon).update(next_at=soon)
    named = resource_ids - {""}
    first = sorted(named - recent.keys())
    again = sorted(named & recent.keys())
    if first:
        ask_about(scope, first, reason=Collection.Reason.EVENT, due_at=now, now=now)
    if again:
        due_at = max(recent[resource_id] for resource_id in again) + DEBOUNCE
        ask_about(scope, again, reason=Collection.Reason.EVENT, due_at=due_at, now=now)


def _wanted(activities: Sequence[ApiActivity]) -> dict[Place, set[str]]:
    """The resources to ask about, by their place."""
    places = {row.pk: (row.account_id, row.region) for row in activities}
    found: dict[Place, set[str]] = defaultdict(set)
    targets = ActivityTarget.objects.filter(IdIn(places, "activity_id"))
    for pk, technology, resource_id in targets.values_list(
        "activity_id", "technology", "resource_id"
    ):
        account, region = places[pk]
        collector = collector_of(technology)
        if collector is not None:
            found[account, technology, region if collector.regional else ""].add(resource_id)
    return dict(found)


def _recently(scopes: Sequence[int], now: datetime) -> dict[int, dict[str, datetime]]:
    """By scope, which resources were asked about of late, or wait for it, and when."""
    rows = Collection.objects.filter(
        UNFINISHED | Q(finished_at__gt=now - DEBOUNCE),
        scope_id__in=scopes,
        reason=Collection.Reason.EVENT,
    )
    found: dict[int, dict[str, datetime]] = defaultdict(dict)
    for scope, targets, asked_at, started_at in rows.values_list(
        "scope_id", "targets", "asked_at", "started_at"
    ):
        at = started_at or asked_at
        if at > now - DEBOUNCE:
            known = found[scope]
            known |= {name: max(at, known.get(name, at)) for name in targets}
    return found


def _note_unwatched(activities: Sequence[ApiActivity], places: set[Place], now: datetime) -> None:
    """Say which regions have calls and are not watched."""
    accounts = {row.account_id: row.account for row in activities}
    note_troubles(
        [
            trouble(
                accounts[account], TrailError.Kind.REGION, region,
                f"Calls to {technology} there; it is not among the account's regions.",
            )
            for account, technology, region in sorted(places)
            if region and region not in accounts[account].regions
        ],
        now=now,
    )  # fmt: skip
