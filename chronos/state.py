"""What is running, or was: read from what was deployed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from chronos.models import ChangeEvent, Running
from chronos.normalise import REMOVED
from chronos.settle import DECIDES, Place
from chronos.state_query import PLACE, STATE_FIELDS, StateQuery
from opsportal.lib.matchers import Matchers, filter_queryset

# Places looked at together at most.
_LOOKED_AT = 2000
MOST_ENVIRONMENTS = 100
EVERYWHERE = Q()
_FACTS = ("version", "previous_version", "kind", "team", "actor", "source", "since")


@dataclass(frozen=True, slots=True)
class Deployed:
    """What one deployment left in a place, and what ran there before it."""

    service: str
    environment: str
    region: str
    version: str
    previous_version: str
    removed: bool
    kind: str
    team: str
    actor: str
    source: str
    event_id: int
    since: datetime

    @property
    def place(self) -> Place:
        """Where."""
        return Place(self.service, self.environment, self.region)

    @property
    def rolled_back(self) -> bool:
        """Whether it is an earlier version again."""
        return self.kind == "rollback"


@dataclass(frozen=True, slots=True)
class Difference:
    """A place whose version differs between two sides; None: nothing ran there.

    Without environment where the sides are two of them.
    """

    service: str
    environment: str
    region: str
    left: Deployed | None
    right: Deployed | None


def running(
    query: StateQuery,
    limit: int | None = None,
    after: Place | None = None,
    *,
    where: Q = EVERYWHERE,
) -> tuple[list[Deployed], Place | None]:
    """What ran, by service, environment and region; and the place a page ends at, if one does.

    One query for what runs now. Only `where` is looked at. Raises PayloadError.
    """
    found: list[Deployed] = []
    size = _LOOKED_AT if limit is None else limit + 1
    while True:
        rows = list(_places(query, after).filter(where)[:size])
        found += [one for row in rows if (one := _of_row(row, query)) is not None]
        if limit is not None and len(found) > limit:
            return found[:limit], found[limit - 1].place
        if len(rows) < size:
            return found, None
        # Of the past it is known only afterwards which places had something.
        size = min(4 * size, _LOOKED_AT)
        after = Place(*(getattr(rows[-1], name) for name in PLACE))


def services_running(
    query: StateQuery, limit: int, after: str = ""
) -> tuple[list[str], dict[str, list[Deployed]], str]:
    """A page of services by name, what they ran, and where the next page begins; two queries."""
    found = _places(query, None, deployed=False).filter(service__gt=after)
    names = list(
        found.order_by("service").values_list("service", flat=True).distinct()[: limit + 1]
    )
    page = names[:limit]
    rows: dict[str, list[Deployed]] = {}
    if page:
        for row in running(replace(query, service=tuple(page)))[0]:
            rows.setdefault(row.service, []).append(row)
    return page, rows, page[-1] if len(names) > limit else ""


def known_environments() -> list[str]:
    """Where anything was ever deployed to, production first."""
    names = Running.objects.order_by("environment").values_list("environment", flat=True).distinct()
    produce = settings.PRODUCTION_ENVIRONMENTS
    return sorted(names[:MOST_ENVIRONMENTS], key=lambda name: (name not in produce, name))


def history(
    place: Place, limit: int, before: tuple[datetime, int] | None = None
) -> tuple[list[Deployed], tuple[datetime, int] | None]:
    """What ran there, newest first, and where the next page begins; one query."""
    found = ChangeEvent.objects.filter(DECIDES, **place._asdict()).order_by("-ended_at", "-id")
    if before is not None:
        ended_at, event_id = before
        found = found.filter(
            Q(ended_at__lt=ended_at) | Q(ended_at=ended_at, id__lt=event_id),
            ended_at__lte=ended_at,
        )
    # Two more: what ran before the last of the page, and what its rollback went back to.
    events = list(found[: limit + 2])
    rows = [_of_event(events[index : index + 3]) for index in range(min(limit, len(events)))]
    if len(events) <= limit:
        return rows, None
    return rows, (rows[-1].since, rows[-1].event_id)


def diff_environments(left: str, right: str, query: StateQuery) -> list[Difference]:
    """The services whose version differs between two environments; two queries.

    Where only one of them has regions, each is compared with the other as a whole.
    """
    sides = [
        {Place(row.service, "", row.region): row for row in running(one)[0]}
        for one in (replace(query, environment=(name,)) for name in (left, right))
    ]
    for one, other in (sides, sides[::-1]):
        for place in other.keys() - one.keys():
            whole = one.get(place._replace(region=""))
            if whole is not None and place.region:
                one[place] = whole
    regional = {place.service for side in sides for place in side if place.region}
    return [
        row
        for row in _differences(*sides)
        if row.region or row.service not in regional or (row.left and row.right)
    ]


def diff_moments(query: StateQuery, since: datetime, until: datetime | None) -> list[Difference]:
    """The places whose version differs between two moments (`until` None: now)."""
    sides = [replace(query, at=moment) for moment in (since, until)]
    # Elsewhere nothing can differ, and to look up what ran everywhere takes its time.
    here = {name: OuterRef(name) for name in PLACE}
    deployed = ChangeEvent.objects.filter(DECIDES, **here, ended_at__gt=min(since, until or since))
    if until is not None:
        deployed = deployed.filter(ended_at__lte=max(since, until))
    where = Q(Exists(deployed))
    left, right = ({row.place: row for row in running(one, where=where)[0]} for one in sides)
    return _differences(left, right)


def _places(query: StateQuery, after: Place | None, *, deployed: bool = True) -> QuerySet[Running]:
    """Every place that was ever deployed to and fits, and what was `deployed` there."""
    found = Running.objects.order_by(*PLACE)
    for name in PLACE:
        values = getattr(query, name)
        if values:
            one = len(values) == 1
            found = found.filter(**{name: values[0]} if one else {f"{name}__in": list(values)})
    if query.text:
        found = found.filter(service__icontains=query.text)
    if after is not None:
        behind = Q(service=after.service, environment=after.environment, region__gt=after.region)
        behind |= Q(service=after.service, environment__gt=after.environment)
        behind |= Q(service__gt=after.service)
        found = found.filter(behind, service__gte=after.service)
    asked = query.matchers if query.at is None else _of_places(query.matchers)
    found = filter_queryset(found, asked, STATE_FIELDS) if asked.items else found
    if query.at is None:
        found = found.filter(removed=False)
    return found.annotate(**_deployed_before(query.at)) if deployed else found


def _deployed_before(at: datetime | None) -> dict[str, Subquery]:
    """The deployments of a place, newest first; an index finds each. Now the first is the row."""
    here = {name: OuterRef(name) for name in PLACE}
    deployed = ChangeEvent.objects.filter(DECIDES, **here).order_by("-ended_at", "-id")
    if at is not None:
        deployed = deployed.filter(ended_at__lte=at)
    names = ("id", "version", "previous_version", "kind", "action", "team", "actor", "source")
    facts = JSONObject(since=F("ended_at"), **{name: F(name) for name in names})
    wanted = (0, 1, 2) if at is not None else (1, 2)
    return {f"deployed_{n}": Subquery(deployed.values(one=facts)[n : n + 1]) for n in wanted}


def _of_row(row: Running, query: StateQuery) -> Deployed | None:
    """What ran in the place when it was asked for; None: nothing, or not what is looked for."""
    before: list[Any] = [getattr(row, f"deployed_{n}") for n in (1, 2)]
    if query.at is None:
        facts: Any = {name: getattr(row, name) for name in _FACTS}
        facts |= {"id": row.event_id, "action": ""}
    else:
        facts = row.deployed_0  # type: ignore[attr-defined]
        if facts is None or facts["action"] == REMOVED:
            return None
        facts["since"] = _instant(facts["since"])
    found = _deployed(Place(row.service, row.environment, row.region), facts, *before)
    if query.at is not None and query.matchers.items:
        labels = {name: getattr(found, field) for name, field in STATE_FIELDS.items()}
        return found if query.matchers.matches(labels) else None
    return found


def _of_event(events: list[ChangeEvent]) -> Deployed:
    """The first of a place's deployments, newest first; two behind it say what ran before."""
    event = events[0]
    plain = [
        {"id": one.pk, "action": one.action, "since": one.ended_at}
        | {name: getattr(one, name) for name in _FACTS if name != "since"}
        for one in events
    ]
    place = Place(event.service, event.environment, event.region)
    return _deployed(place, *plain, *[None] * (3 - len(plain)))


def _deployed(place: Place, facts: Any, before: Any, earlier: Any) -> Deployed:
    """`before` ran before it, and `earlier` before that: a rollback that names no version went
    back to it.
    """
    removed = facts["action"] == REMOVED
    version, previous = facts["version"], facts["previous_version"]
    if before:
        previous = previous or before["version"]
        if facts["kind"] == "rollback" and not version:
            version = before["previous_version"] or (earlier["version"] if earlier else "")
    return Deployed(
        *place,
        "" if removed else version,
        previous,
        removed,
        *(facts[name] for name in ("kind", "team", "actor", "source", "id", "since")),
    )


def _instant(text: str) -> datetime:
    """As a database writes it in JSON; SQLite's is UTC and does not say so."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _of_places(matchers: Matchers) -> Matchers:
    """Those that ask of the place alone."""
    return Matchers(tuple(item for item in matchers.items if STATE_FIELDS[item.name] in PLACE))


def _differences(
    left: Mapping[Place, Deployed], right: Mapping[Place, Deployed]
) -> list[Difference]:
    found = []
    for key in sorted(left.keys() | right.keys()):
        sides = left.get(key), right.get(key)
        versions = [side and side.version for side in sides]
        if versions[0] != versions[1]:
            found.append(Difference(*key, *sides))
    return found
