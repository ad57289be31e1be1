"""Finding changes: one description of what is looked for, for pages, API and questions alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from django.db.models import Q, QuerySet

from chronos.fold import ORDINARY
from chronos.fulltext import with_texts
from chronos.models import ChangeEvent
from chronos.normalise import STATUSES
from chronos.unify import with_canonical
from opsportal.lib.api import parse_time_range
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import MatcherError, Matchers, filter_queryset, parse_matchers

ANYTHING = Matchers()
# What matchers may name beside labels.
QUERY_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        name: name
        for name in (
            "kind", "action", "status", "title", "service", "environment", "region", "version",
            "team", "actor", "source", "subject", "severity", "repository", "commit",
        )
    }
    | {"app": "service", "env": "environment"}
)  # fmt: skip
# Several values of one field are alternatives.
LISTS = ("kind", "status", "service", "environment", "region", "version", "team", "actor", "source")
SYNONYMS: Mapping[str, str] = MappingProxyType({"app": "service", "env": "environment"})
_OTHERS = ("tag", "text", "match", "unfinished", "since", "until")
_TRUTH = {"": False, "true": True, "1": True, "false": False, "0": False}
# Of one parameter: more than anybody types.
MOST_VALUES, MOST_WORDS, LONGEST = 50, 10, 2000
# Words that are rare have to be looked for everywhere.
TEXT_WITHIN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class EventQuery:
    """What is looked for; an empty field asks nothing.

    `since` and `until` bound an interval [since, until) that the change's own overlaps; one of no
    duration is an instant. `tags` must all be there; `text` is words that all occur, `phrases`
    occur as they are.
    """

    kind: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    actor: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    matchers: Matchers = ANYTHING
    # Only what is planned or under way.
    unfinished: bool = False
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the next one begins behind it."""

    started_at: datetime
    id: int


def matching(query: EventQuery) -> QuerySet[ChangeEvent]:
    """The changes that fit, whenever they were. Raises PayloadError."""
    found = ChangeEvent.objects.order_by("-started_at", "-id")
    for name in LISTS:
        values = getattr(query, name)
        if values:
            one = len(values) == 1
            found = found.filter(**{name: values[0]} if one else {f"{name}__in": list(values)})
    if query.unfinished:
        found = found.filter(ended_at=None)
    if query.matchers.items:
        found = filter_queryset(found, query.matchers, QUERY_FIELDS)
    return with_texts(found, words=query.text, phrases=query.phrases, tags=query.tags)


def begun_within(found: QuerySet[ChangeEvent], query: EventQuery) -> QuerySet[ChangeEvent]:
    """Of these, what overlaps the interval and began at most an hour before it."""
    if query.until:
        found = found.filter(started_at__lt=query.until)
    if query.since:
        found = found.filter(started_at__gte=query.since - ORDINARY).filter(
            Q(started_at__gte=query.since) | Q(ended_at__gt=query.since) | Q(ended_at=None)
        )
    return found


def lasting_into(found: QuerySet[ChangeEvent], query: EventQuery) -> QuerySet[ChangeEvent]:
    """Of these, what began more than an hour before the interval and reaches into it."""
    if query.since is None:
        return found.none()
    began = ChangeEvent.objects.filter(started_at__lt=query.since - ORDINARY).order_by()
    unfinished = began.filter(ended_at=None).values("pk")
    lasting = began.filter(lasting=True, ended_at__gt=query.since).values("pk")
    # Each from its small index: an "or" of both would be looked for in the whole table.
    return found.filter(started_at__lt=query.since - ORDINARY, pk__in=unfinished.union(lasting))


def page_of_events(
    query: EventQuery, limit: int, after: Place | None = None
) -> tuple[list[ChangeEvent], Place | None]:
    """A page, newest start first, and where the next begins; at most two queries."""
    found = matching(query)
    if after is not None:
        found = found.filter(
            Q(started_at__lt=after.started_at) | Q(started_at=after.started_at, id__lt=after.id),
            # The same said so that the index serves.
            started_at__lte=after.started_at,
        )
    rows = list(begun_within(found, query)[: limit + 1])
    if len(rows) <= limit and query.since is not None:
        # All of these began before all of those.
        rows += lasting_into(found, query)[: limit + 1 - len(rows)]
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], Place(last.started_at, last.pk)


def page_before(query: EventQuery, limit: int, before: Place) -> tuple[list[ChangeEvent], bool]:
    """The page above the place, newest start first, and whether there is more; two queries."""
    found = matching(query).filter(
        Q(started_at__gt=before.started_at) | Q(started_at=before.started_at, id__gt=before.id),
        started_at__gte=before.started_at,
    )
    found = found.order_by("started_at", "id")
    rows = list(lasting_into(found, query)[: limit + 1])
    if len(rows) <= limit:
        rows += begun_within(found, query)[: limit + 1 - len(rows)]
    return rows[:limit][::-1], len(rows) > limit


def each_event(query: EventQuery, batch: int = 1000) -> Iterator[ChangeEvent]:
    """All of them, page by page: for exports of any size."""
    after: Place | None = None
    while True:
        rows, after = page_of_events(query, batch, after)
        yield from rows
        if after is None:
            return


# Lists that no index of their own serves.
_UNINDEXED = ("status", "environment", "region", "version", "team", "actor", "source")


def bound_search(query: EventQuery, *, now: datetime) -> EventQuery:
    """The same; for what no index finds, without a beginning, of the last 90 days only."""
    words = bool(query.text or query.phrases)
    quick = bool(query.service or query.kind or query.unfinished)
    slow = bool(query.tags or query.matchers.items)
    slow = slow or any(getattr(query, name) for name in _UNINDEXED)
    if query.since is not None or not (words or (slow and not quick)):
        return query
    return replace(query, since=(query.until or now) - TEXT_WITHIN)


def read_query(params: Mapping[str, Sequence[str]], *, now: datetime) -> EventQuery:
    """The query that URL parameters describe, one error per bad field. Raises PayloadError.

    Beside LISTS there are `tag` (may be repeated), `text` (words, and "phrases" in quotes),
    `match`, `unfinished`, and `since` and `until`: RFC 3339, or an age such as `24h`.
    """
    errors = [
        FieldError(name, f"must be {MOST_VALUES} values of at most {LONGEST} characters, no NUL")
        for name in (*LISTS, *SYNONYMS, *_OTHERS)
        if len(params.get(name, ())) > MOST_VALUES
        or any(len(text) > LONGEST or "\0" in text for text in params.get(name, ()))
    ]
    if errors:
        raise PayloadError(f"{errors[0].field} {errors[0].message}", errors)
    last = {name: (params.get(name) or ("",))[-1].strip() for name in _OTHERS}
    lists = {name: with_canonical(name, said) for name, said in read_lists(params).items()}
    words, phrases = split_text(last["text"])
    if unknown := [name for name in lists.get("status", ()) if name not in STATUSES]:
        errors.append(FieldError("status", f"{unknown[0]!r:.60} is none of {', '.join(STATUSES)}"))
    if len(words) + len(phrases) > MOST_WORDS:
        errors.append(FieldError("text", f"must be at most {MOST_WORDS} words and phrases"))
    if last["unfinished"].lower() not in _TRUTH:
        errors.append(FieldError("unfinished", "must be true or false"))
    if errors:
        raise PayloadError(f"{errors[0].field}: {errors[0].message}", errors)
    since, until = parse_time_range(last, now=now)
    try:
        matchers = parse_matchers(last["match"])
    except MatcherError as error:
        raise PayloadError(error.message, [FieldError("match", error.message)]) from error
    return EventQuery(
        **lists,
        tags=tuple(filter(None, (tag.strip() for tag in params.get("tag", ())))),
        text=tuple(words),
        phrases=tuple(phrases),
        matchers=matchers,
        unfinished=_TRUTH[last["unfinished"].lower()],
        since=since,
        until=until,
    )


def split_text(text: str) -> tuple[list[str], list[str]]:
    """Words, and what stands in quotes."""
    parts = text.split('"')
    words = [word for part in parts[::2] for word in part.split()]
    return words, [part for part in parts[1::2] if part.strip()]


def read_lists(params: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Of URL parameters those that are lists; several values by repeating or with commas."""
    found: dict[str, tuple[str, ...]] = {}
    for given in (*LISTS, *SYNONYMS):
        name = SYNONYMS.get(given, given)
        parts = (part.strip() for text in params.get(given, ()) for part in text.split(","))
        if values := tuple(filter(None, parts)):
            found[name] = found.get(name, ()) + values
    return found
