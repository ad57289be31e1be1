"""What there is, or was at a time: resources, each with the revision that held."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from opsportal.lib.api import parse_time
from opsportal.lib.ids import IdIn
from opsportal.lib.matchers import MatcherError, Matchers, filter_queryset, parse_matchers
from security.models import CloudResource, ConfigRevision
from security.search import resources_meant
from security.search.params import Params, check_choices, last_of, refused, values_of

LISTS = ("account", "technology", "region", "state")
SINGLE = ("q", "match", "at")
NAMES = (*LISTS, *SINGLE)
# What matchers may name beside tags.
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "account": "account__account_id", "account_name": "account__name", "name": "name",
        "technology": "technology", "region": "region", "state": "state", "score": "score",
        "resource_id": "resource_id", "arn": "arn",
    }
)  # fmt: skip
ANYTHING = Matchers()
_State = CloudResource.State


@dataclass(frozen=True, slots=True)
class InventoryQuery:
    """What is looked for; an empty field asks nothing, several values are alternatives.

    `at`: as it was then, tags included; names and ARNs are as they are now. Without a `state`
    what is deleted is left out.
    """

    account: tuple[str, ...] = ()
    technology: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    q: str = ""
    matchers: Matchers = ANYTHING
    at: datetime | None = None


def read_inventory(params: Params, *, now: datetime) -> InventoryQuery:
    """The query that URL parameters describe. Raises PayloadError."""
    lists = values_of(params, LISTS)
    check_choices("state", lists["state"], _State.values)
    single = last_of(params, SINGLE)
    at = parse_time(single["at"], now=now, field="at") if single["at"] else None
    if at is not None and lists["state"]:
        raise refused("state", "is of now; leave it out with `at`")
    try:
        matchers = parse_matchers(single["match"])
    except MatcherError as error:
        raise refused("match", error.message) from error
    if at is not None and any(matcher.name in ("state", "score") for matcher in matchers.items):
        raise refused("match", "state and score are of now; leave them out with `at`")
    return InventoryQuery(**lists, q=single["q"], matchers=matchers, at=at)


def inventory_matching(query: InventoryQuery) -> QuerySet[CloudResource]:
    """The resources that fit, oldest first, without their configurations.

    With `at` each has `revision_at`, the id of the revision that held then.
    """
    found = CloudResource.objects.select_related("account").defer("config").order_by("id")
    if query.q:
        found = resources_meant(found, query.q)
    for name in ("account", "technology", "region"):
        if values := getattr(query, name):
            column = "account__account_id" if name == "account" else name
            one = len(values) == 1
            found = found.filter(**{column: values[0]} if one else {f"{column}__in": list(values)})
    if query.at is None:
        states = query.state or (_State.ACTIVE, _State.MISSING)
        if set(states) != set(_State.values):
            found = found.filter(state__in=states)
        return filter_queryset(found, query.matchers, FIELDS, labels="tags")
    then = ConfigRevision.objects.filter(resource=OuterRef("pk"), captured_at__lte=query.at)
    then = then.order_by("-number")
    found = found.annotate(
        revision_at=Subquery(then.values("pk")[:1]), kind_at=Subquery(then.values("kind")[:1])
    )
    # What is not there yet has no kind.
    found = found.filter(~Q(kind_at="deleted"), kind_at__isnull=False)
    if query.matchers.items:
        found = found.annotate(tags_at=Subquery(then.values("tags")[:1]))
    return filter_queryset(found, query.matchers, FIELDS, labels="tags_at")


def with_revisions(
    rows: Iterable[Any], *, configs: bool = False
) -> list[tuple[CloudResource, ConfigRevision]]:
    """Of what `inventory_matching` found at a time: each with its revision, by one query."""
    rows = list(rows)
    revisions = ConfigRevision.objects.filter(IdIn([row.revision_at for row in rows]))
    if not configs:
        revisions = revisions.defer("config")
    found = {revision.pk: revision for revision in revisions}
    return [(row, found[row.revision_at]) for row in rows if row.revision_at in found]


def revision_at(resource: CloudResource, at: datetime) -> ConfigRevision | None:
    """The revision that held then, which may say that it was deleted; None: not yet seen."""
    found = ConfigRevision.objects.filter(resource=resource, captured_at__lte=at)
    return found.order_by("-number").first()
