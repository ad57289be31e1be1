"""Revisions whose call has not come: after a while the likeliest is looked for, or there is none.

"No event announced it" is only said where the account's trail is heard; elsewhere nobody can know.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from opsportal.lib.deadlocks import start_over
from opsportal.lib.ids import IdIn
from security.cause.find import link, moments_of, spans_of, store_causes
from security.cause.match import SKEW
from security.collectors import collector_of
from security.models import ActivityTarget, ApiActivity, CloudAccount, ConfigRevision, RevisionCause

Attribution = ConfigRevision.Attribution
LIKELY, WINDOW = RevisionCause.Confidence.LIKELY, RevisionCause.Confidence.WINDOW
# CloudTrail tells within about a quarter of an hour ("How CloudTrail works").
GRACE = timedelta(minutes=30)
_BATCH = 200
# Calls of one account and time that are looked through, and those of one revision that only fit.
MOST_LOOKED_AT, MOST_IN_WINDOW = 2000, 5


def settle_pending(*, now: datetime) -> int:
    """Decide about revisions that have waited long enough; how many were decided."""
    total = 0
    while settled := start_over(lambda: _settle_batch(now)):
        total += settled
    return total


@transaction.atomic
def _settle_batch(now: datetime) -> int:
    alive = CloudAccount.objects.filter(trail_heard_at__gt=now - settings.TRAIL_SILENT_AFTER)
    due = ConfigRevision.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        attribution=Attribution.PENDING,
        captured_at__lte=now - GRACE,
        account_id__in=list(alive.values_list("pk", flat=True)),
    )
    revisions = list(due.select_related("resource").order_by("captured_at")[:_BATCH])
    if not revisions:
        return 0
    ids = [row.pk for row in revisions]
    _allow_skew(revisions, now)
    left = [row for row in revisions if row.pk in _still_pending(ids)]
    store_causes(_guess(left), now=now)
    ConfigRevision.objects.filter(IdIn(_still_pending(ids))).update(attribution=Attribution.NONE)
    return len(revisions)


def _still_pending(ids: Sequence[int]) -> set[int]:
    rows = ConfigRevision.objects.filter(IdIn(ids), attribution=Attribution.PENDING)
    return set(rows.values_list("pk", flat=True))


def _allow_skew(revisions: Sequence[ConfigRevision], now: datetime) -> None:
    """Calls that name the resource and fit but for the clocks, and belong to no other revision."""
    spans = spans_of(ConfigRevision.objects.filter(IdIn([row.pk for row in revisions])))
    since, until = _time_of(revisions)
    targets = ActivityTarget.objects.filter(
        ~Exists(RevisionCause.objects.filter(activity_id=OuterRef("activity_id"))),
        resource_id__in=sorted({key[3] for key in spans}),
        activity__account_id__in={key[0] for key in spans},
        activity__at__range=(since - SKEW, until + SKEW),
    )
    link(spans, moments_of(targets), now=now, skew=SKEW)


def _guess(revisions: Sequence[ConfigRevision]) -> dict[tuple[int, int], str]:
    """Calls of the same service, place and time: likely, if they mention the resource."""
    if not revisions:
        return {}
    found: dict[tuple[int, int], str] = {}
    calls = _calls_around(revisions)
    for revision in revisions:
        collector = collector_of(revision.technology)
        if collector is None:
            continue
        near = [
            (call, said)
            for call, said in calls[revision.account_id]
            if call.service == collector.event_source
            and (not collector.regional or call.region == revision.region)
            and (revision.captured_before_at or revision.captured_at) < call.at
            and call.at <= revision.captured_at
        ]
        names = _names(revision)
        mentions = [call.pk for call, said in near if any(name in said for name in names)]
        # A call that names other resources is about those.
        window = [call.pk for call, _ in near if not call.is_named]
        found |= {(revision.pk, pk): LIKELY for pk in mentions}
        if not mentions:
            found |= {(revision.pk, pk): WINDOW for pk in window[-MOST_IN_WINDOW:]}
    return found


class _Near(msgspec.Struct, frozen=True):
    """A call, short."""

    pk: int
    service: str
    region: str
    at: datetime
    is_named: bool


def _calls_around(
    revisions: Sequence[ConfigRevision],
) -> Mapping[int, Sequence[tuple[_Near, str]]]:
    """By account, calls of that time with what they asked for, as text."""
    since, until = _time_of(revisions)
    named = ActivityTarget.objects.filter(activity_id=OuterRef("pk")).exclude(resource_id="")
    rows = (
        ApiActivity.objects.filter(
            account_id__in={row.account_id for row in revisions},
            at__range=(since, until),
            error_code="",
        )
        .annotate(is_named=Exists(named))
        .order_by("-at")
        .values_list("account_id", "pk", "service", "region", "at", "is_named", "request")
    )
    found: dict[int, list[tuple[_Near, str]]] = defaultdict(list)
    for account, *facts, request in reversed(list(rows[:MOST_LOOKED_AT])):
        found[account].append((_Near(*facts), msgspec.json.encode(request).decode()))
    return found


def _time_of(revisions: Iterable[ConfigRevision]) -> tuple[datetime, datetime]:
    rows = list(revisions)
    return (
        min(row.captured_before_at or row.captured_at for row in rows),
        max(row.captured_at for row in rows),
    )


def _names(revision: ConfigRevision) -> list[str]:
    """What a request may call the resource, as JSON writes it."""
    resource = revision.resource
    given = {resource.resource_id, resource.arn, resource.name}
    return [msgspec.json.encode(name).decode() for name in given if name]
