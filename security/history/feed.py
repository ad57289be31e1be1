"""What changed: revisions by what people ask for, newest first."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from opsportal.lib.api import parse_time_range
from security.models import ConfigRevision, Review
from security.normalise import CLASSES
from security.search.params import Params, check_choices, choice_of, last_of, values_of

LISTS = ("account", "technology", "region", "change_class", "kind", "actor", "attribution")
SINGLE = ("reviewed", "score", "since", "until")
NAMES = (*LISTS, *SINGLE)
# What no index finds is looked for in so many days, unless the question says since when.
WITHIN = timedelta(days=90)
_UNINDEXED = ("region", "kind")


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """What is looked for; an empty field asks nothing, several values are alternatives.

    `account` has twelve digits. `reviewed` is "yes" or "no"; `score` "worse", "better" or
    "changed". `since` and `until` bound the capture: [since, until).
    """

    account: tuple[str, ...] = ()
    technology: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    change_class: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    actor: tuple[str, ...] = ()
    attribution: tuple[str, ...] = ()
    reviewed: str = ""
    score: str = ""
    since: datetime | None = None
    until: datetime | None = None
    # Whether `since` was set although nobody asked.
    narrowed: bool = False


def read_feed(params: Params, *, now: datetime) -> FeedQuery:
    """The query that URL parameters describe. Raises PayloadError."""
    lists: dict[str, Any] = {**values_of(params, LISTS)}
    check_choices("change_class", lists["change_class"], CLASSES)
    check_choices("kind", lists["kind"], ConfigRevision.Kind.values)
    check_choices("attribution", lists["attribution"], ConfigRevision.Attribution.values)
    reviewed = choice_of(params, "reviewed", ("yes", "no"))
    score = choice_of(params, "score", ("worse", "better", "changed"))
    since, until = parse_time_range(last_of(params, ("since", "until")), now=now)
    query = FeedQuery(**lists, reviewed=reviewed, score=score, since=since, until=until)
    slow = any(getattr(query, name) for name in _UNINDEXED) or bool(reviewed)
    if since is None and slow:
        query = replace(query, since=(until or now) - WITHIN, narrowed=True)
    return query


def changes_matching(query: FeedQuery) -> QuerySet[ConfigRevision]:
    """The revisions that fit, without their configurations."""
    found = ConfigRevision.objects.select_related("resource", "account", "review")
    found = found.defer("config", "changes", "resource__config", "resource__unknown").order_by(
        "-captured_at", "-id"
    )
    for name in LISTS:
        if values := getattr(query, name):
            column = "account__account_id" if name == "account" else name
            one = len(values) == 1
            found = found.filter(**{column: values[0]} if one else {f"{column}__in": list(values)})
    if query.score:
        # The first condition is that of the index.
        found = found.exclude(score_change=0)
        sides = {"worse": Q(score_change__gt=0), "better": Q(score_change__lt=0)}
        found = found.filter(sides.get(query.score, Q()))
    if query.reviewed:
        seen = Exists(Review.objects.filter(revision=OuterRef("pk")))
        found = found.filter(seen if query.reviewed == "yes" else ~seen)
    if query.since:
        found = found.filter(captured_at__gte=query.since)
    return found.filter(captured_at__lt=query.until) if query.until else found
