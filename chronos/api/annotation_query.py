"""Changes as Grafana asks for them, and as it draws them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict

from chronos.formats.grafana import MARK, SOURCE
from chronos.fulltext import has_tag
from chronos.models import ChangeEvent
from chronos.normalise import CANCELLED, STARTED, SUCCEEDED
from chronos.search import EventQuery, begun_within, lasting_into, matching
from opsportal.lib.times import EARLIEST, LATEST

DEFAULT_LIMIT, MOST_LISTED = 100, 5000
# Of so many the latest ends are found; newest starts come first.
CANDIDATES = 1000
# Tags are counted in the newest so many changes.
MOST_COUNTED = 5000
ALERTS = ("alert", "incident")
# Tags that every change has by its fields, `app:api`, and what may stand for their names.
_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "kind": "kind", "app": "service", "service": "service", "env": "environment",
        "environment": "environment", "region": "region", "version": "version",
        "status": "status", "team": "team", "actor": "actor", "source": "source",
    }
)  # fmt: skip
_SHOWN = (("app", "service"), ("env", "environment"), ("region", "region"), ("version", "version"))


@dataclass(frozen=True, slots=True)
class AnnotationQuery:
    """What Grafana asks for. Bounds count only together."""

    since: datetime | None = None
    until: datetime | None = None
    tags: tuple[str, ...] = ()
    match_any: bool = False
    limit: int = DEFAULT_LIMIT
    kind: str = ""
    dashboard: tuple[tuple[str, Any], ...] = ()
    nobodys: bool = False


def read_query(params: QueryDict) -> AnnotationQuery:
    """Of the query string; what is no number counts as not said, as in Grafana."""
    since, until = number(params, "from"), number(params, "to")
    both = since and until
    uid = params.get("dashboardUID", "")
    where: list[tuple[str, Any]] = (
        [("dashboardUID", uid)] if uid else [("dashboardId", number(params, "dashboardId"))]
    )
    where.append(("panelId", number(params, "panelId")))
    return AnnotationQuery(
        since=_moment(since) if both else None,
        until=_moment(until) if both else None,
        tags=tuple(filter(None, params.getlist("tags"))),
        match_any=params.get("matchAny", "").lower() in ("true", "1"),
        limit=limit_of(params),
        kind=params.get("type", ""),
        dashboard=tuple((name, value) for name, value in where if value),
        # Grafana's own alerts and users are none of ours, and no name has a NUL.
        nobodys=bool(number(params, "alertId") or number(params, "userId") or "\0" in uid),
    )


def limit_of(params: QueryDict) -> int:
    """How many are asked for."""
    return min(number(params, "limit") or DEFAULT_LIMIT, MOST_LISTED)


def find_annotations(query: AnnotationQuery, now: datetime) -> list[dict[str, Any]]:
    """Latest end first, then latest start; at most two queries."""
    if query.nobodys:
        return []
    # Grafana's bounds are both inclusive.
    bounds = EventQuery(
        since=query.since and query.since - timedelta(microseconds=1),
        until=query.until and query.until + timedelta(milliseconds=1),
    )
    found = shown(matching(bounds))
    if query.kind == "alert":
        found = found.filter(kind__in=ALERTS)
    elif query.kind == "annotation":
        found = found.exclude(kind__in=ALERTS)
    for name, value in query.dashboard:
        found = found.filter(**{f"data__{MARK}__{name}": value})
    found = _tagged(found, query)
    most = max(query.limit, CANDIDATES)
    rows = list(begun_within(found, bounds)[:most])
    if bounds.since is not None and len(rows) < most:
        rows += lasting_into(found, bounds)[: most - len(rows)]
    rows.sort(key=lambda event: (_end(event, now), event.started_at, event.pk), reverse=True)
    return [written(event, now) for event in rows[: query.limit]]


def shown(found: QuerySet[ChangeEvent]) -> QuerySet[ChangeEvent]:
    """Of these, what was not withdrawn."""
    return found.exclude(source=SOURCE, status=CANCELLED)


def count_tags(params: QueryDict) -> list[dict[str, Any]]:
    """Tags that hold a text, of the newest changes, by their names."""
    asked = params.get("tag", "").lower()
    newest = shown(ChangeEvent.objects.order_by("-started_at", "-id"))
    fields = ("tags", "kind", "status", "service", "environment", "region", "version")
    counts = Counter(
        tag
        for event in newest.only(*fields)[:MOST_COUNTED]
        for tag in tags_of(event)
        if asked in tag.lower()
    )
    listed = sorted(counts.items())[: limit_of(params)]
    return [{"tag": tag, "count": count} for tag, count in listed]


def written(event: ChangeEvent, now: datetime) -> dict[str, Any]:
    """A change as an annotation."""
    given = event.data.get(MARK)
    mark = given if event.source == SOURCE and isinstance(given, dict) else {}
    dashboard = mark.get("dashboardUID")
    return {
        "id": event.pk,
        "alertId": 0,
        "alertName": "",
        "dashboardId": _whole(mark.get("dashboardId")),
        "dashboardUID": dashboard if isinstance(dashboard, str) else None,
        "panelId": _whole(mark.get("panelId")),
        "userId": 0,
        "userName": event.actor,
        "newState": "",
        "prevState": "",
        "created": milliseconds(event.recorded_at),
        "updated": milliseconds(event.updated_at),
        "time": milliseconds(event.started_at),
        "timeEnd": milliseconds(_end(event, now)),
        "text": event.body if mark and event.body else event.title,
        "metric": "",
        "tags": list(tags_of(event)),
        "login": event.actor,
        "email": event.actor_email,
        "avatarUrl": "",
        "data": mark.get("data") or {},
    }


def tags_of(event: ChangeEvent) -> Sequence[str]:
    """Its own, and what its fields say."""
    return list(dict.fromkeys([*event.tags, *_by_fields(event)]))


def milliseconds(instant: datetime) -> int:
    """Since 1970."""
    return int(instant.timestamp() * 1000)


def number(params: QueryDict, name: str) -> int:
    """A whole number of the query; 0 for anything else."""
    text = params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _whole(given: object) -> int:
    """Whoever reports a change can write what it likes there; Grafana reads only whole numbers."""
    return int(given) if isinstance(given, int | float) and abs(given) < 2**53 else 0


def _by_fields(event: ChangeEvent) -> Iterator[str]:
    yield event.kind
    for name, field in _SHOWN:
        if value := getattr(event, field):
            yield f"{name}:{value}"
    if event.status != SUCCEEDED:
        yield f"status:{event.status}"


def _tagged(found: QuerySet[ChangeEvent], query: AnnotationQuery) -> QuerySet[ChangeEvent]:
    asked = [_has(tag) for tag in query.tags if "\0" not in tag]
    if len(asked) < len(query.tags):
        return found.none()
    if not query.match_any:
        return found.filter(*asked)
    either = Q()
    for one in asked:
        either |= one
    return found.filter(either)


def _has(tag: str) -> Q:
    has = has_tag(tag) | Q(kind=tag)
    name, _, value = tag.partition(":")
    field = _FIELDS.get(name.lower())
    return has | Q(**{field: value}) if field and value else has


def _end(event: ChangeEvent, now: datetime) -> datetime:
    """What is under way lasts until now."""
    if event.ended_at is None and event.status == STARTED:
        return max(event.started_at, now)
    return event.ended_at or event.started_at


def _moment(given: int) -> datetime:
    if given >= milliseconds(LATEST):
        return LATEST
    return max(EARLIEST, datetime.fromtimestamp(given / 1000, UTC))
