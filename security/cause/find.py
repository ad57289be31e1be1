"""Link revisions and the calls that name their resource, whichever of the two came first."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from opsportal.lib.ids import IdIn
from security.cause.deployments import Deployed, deployments_of
from security.cause.match import SECOND, Moment, Span, match
from security.cause.settle import settle_attribution
from security.collectors import collector_of
from security.models import ActivityTarget, ApiActivity, ConfigRevision, RevisionCause

EXACT = RevisionCause.Confidence.EXACT
BASELINE = ConfigRevision.Attribution.BASELINE
_NONE = timedelta(0)
# A deployment that is reported so long after a call is still found to be its own.
REPORTED_WITHIN, MOST_RELINKED = timedelta(hours=1), 1000
# Account, technology, region (empty: global), id of the resource.
Key = tuple[int, str, str, str]


def find_causes(revisions: Sequence[ConfigRevision], *, now: datetime) -> int:
    """Link these, which are new, to calls that are known already; how many links are new.

    The rows given are up to date afterwards.
    """
    rows = [row for row in revisions if row.attribution != BASELINE]
    if not rows:
        return 0
    ids = {row.pk for row in rows}
    since = min(row.captured_before_at or row.captured_at for row in rows)
    until = max(row.captured_at for row in rows)
    spans = spans_of(
        ConfigRevision.objects.filter(
            IdIn({row.resource_id for row in rows}, "resource_id"), captured_at__gte=since
        )
    )
    targets = ActivityTarget.objects.filter(
        resource_id__in=sorted({key[3] for key in spans}),
        technology__in=sorted({key[1] for key in spans}),
        activity__account_id__in={key[0] for key in spans},
        activity__at__range=(since - SECOND, until),
    )
    new = link(spans, moments_of(targets), only=ids, now=now)
    if new:
        known = ConfigRevision.objects.only("actor", "attribution", "effective_at").in_bulk(ids)
        for row in rows:
            told = known[row.pk]
            row.actor, row.attribution = told.actor, told.attribution
            row.effective_at = told.effective_at
    return new


def find_effects(activities: Sequence[ApiActivity], *, now: datetime) -> int:
    """Link these calls to revisions that are known already, as of calls heard of late."""
    ids = [row.pk for row in activities if not row.error_code]
    moments = moments_of(ActivityTarget.objects.filter(IdIn(ids, "activity_id")))
    if not moments:
        return 0
    times = [moment.at for found in moments.values() for moment in found]
    revisions = ConfigRevision.objects.filter(
        resource__resource_id__in=sorted({key[3] for key in moments}),
        technology__in=sorted({key[1] for key in moments}),
        account_id__in={key[0] for key in moments},
        captured_at__gte=min(times),
        captured_before_at__lt=max(times) + SECOND,
    )
    return link(spans_of(revisions), moments, now=now)


def link(
    spans: dict[Key, list[Span]],
    moments: dict[Key, list[Moment]],
    *,
    now: datetime,
    only: Collection[int] | None = None,
    skew: timedelta = _NONE,
) -> int:
    """Store which belong together; told again, nothing is new. How many links are new."""
    pairs = {
        pair
        for key in spans.keys() & moments.keys()
        for pair in match(spans[key], moments[key], skew=skew)
        if only is None or pair[0] in only
    }
    return store_causes(dict.fromkeys(pairs, EXACT), now=now)


def store_causes(found: dict[tuple[int, int], str], *, now: datetime) -> int:
    """Store links of (revision, call) and how sure they are, and what follows from them."""
    if not found:
        return 0
    with transaction.atomic():
        known = RevisionCause.objects.filter(IdIn({pair[0] for pair in found}, "revision_id"))
        there = set(known.values_list("revision_id", "activity_id"))
        new = {pair: sure for pair, sure in found.items() if pair not in there}
        if not new:
            return 0
        deployed = _deployed(new)
        RevisionCause.objects.bulk_create(
            [
                RevisionCause(
                    revision_id=revision, activity_id=activity, confidence=sure,
                    deployment_id=deployed.get((revision, activity)),
                )
                for (revision, activity), sure in sorted(new.items())
            ],
            batch_size=500, ignore_conflicts=True,
        )  # fmt: skip
        settle_attribution({pair[0] for pair in new}, now=now)
    return len(new)


def link_deployments(*, now: datetime) -> int:
    """Link deployments that were reported only after the calls they made; how many calls."""
    rows = RevisionCause.objects.filter(deployment_id=None, activity__at__gte=now - REPORTED_WITHIN)
    causes = {(row.revision_id, row.activity_id): row for row in rows[:MOST_RELINKED]}
    found = _deployed(causes) if causes else {}
    for pair, deployment_id in found.items():
        causes[pair].deployment_id = deployment_id
    RevisionCause.objects.bulk_update([causes[pair] for pair in found], ["deployment_id"])
    return len(found)


def _deployed(pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The deployments that the calls were part of."""
    pairs = list(pairs)
    activities = ApiActivity.objects.in_bulk({activity for _, activity in pairs})
    tags = dict(
        ConfigRevision.objects.filter(IdIn({revision for revision, _ in pairs})).values_list(
            "pk", "tags"
        )
    )
    wanted = {
        pair: Deployed(activities[pair[1]], tags.get(pair[0]) or {})
        for pair in pairs
        if pair[1] in activities
    }
    return deployments_of(wanted)


def spans_of(revisions: QuerySet[ConfigRevision]) -> dict[Key, list[Span]]:
    """By resource, between which instants each of these was made."""
    found: dict[Key, list[Span]] = defaultdict(list)
    rows = revisions.exclude(attribution=BASELINE).values_list(
        "account_id", "technology", "region", "resource__resource_id", "pk", "captured_before_at",
        "captured_at",
    )  # fmt: skip
    for account, technology, region, resource, pk, before, captured in rows:
        key = account, technology, _region(technology, region), resource
        found[key].append(Span(pk, before, captured))
    return found


def moments_of(targets: QuerySet[ActivityTarget]) -> dict[Key, list[Moment]]:
    """When calls that went well named which resources."""
    found: dict[Key, list[Moment]] = defaultdict(list)
    rows = targets.filter(activity__error_code="").exclude(resource_id="").values_list(
        "activity__account_id", "technology", "activity__region", "resource_id", "activity_id",
        "activity__at",
    )  # fmt: skip
    for account_id, technology, region, resource, activity, at in rows:
        key = int(account_id), technology, _region(technology, region), resource
        found[key].append(Moment(activity, at))
    return found


def _region(technology: str, region: str) -> str:
    """Where ids are only unique in a region, that one."""
    collector = collector_of(technology)
    return region if collector and collector.regional else ""
