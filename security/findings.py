"""Find findings by what page, API and exports may ask for; and what they have in common."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from django.db.models import Q, QuerySet

from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import MatcherError, Matchers, filter_queryset, parse_matchers
from security.models import Finding

# Parameter -> column.
NARROWING: Mapping[str, str] = MappingProxyType(
    {
        "status": "status",
        "check": "check_id",
        "account": "account__account_id",
        "technology": "technology",
        "region": "region",
        "resource": "resource__resource_id",
    }
)
FACETS = ("check", "account", "technology", "region")
OTHERS = ("q", "match", "score", "min_score", "score_max", "fingerprint")
# Every other name of a matcher is a tag of the resource.
MATCH_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        **NARROWING,
        "account_name": "account__name",
        "team": "account__team__name",
        "name": "resource__name",
        "arn": "resource__arn",
        "subject": "subject",
        "summary": "summary",
        "score": "score",
    }
)
COUNTED, LONGEST, MOST = 2000, 1000, 50
KEYSET = ("-score", "-id")
RELATED = ("resource", "account__team", "introduced_by", "fixed_by", "acceptance")


@dataclass(frozen=True, slots=True)
class FindingQuery:
    """What is looked for; nothing said of a column is everything."""

    wanted: Mapping[str, Sequence[str]]
    least: int = 0
    most: int = 10
    words: Sequence[str] = ()
    matchers: Matchers | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Facet -> value -> findings; `capped` when there were more than were counted."""

    values: Mapping[str, Mapping[str, int]]
    capped: bool


def read_query(params: Mapping[str, Sequence[str]]) -> FindingQuery:
    """The query of a URL's parameters; open ones, where no status is said. Raises PayloadError."""
    for name, texts in params.items():
        if len(texts) > MOST or any(len(text) > LONGEST or "\0" in text for text in texts):
            raise _wrong(name, f"at most {MOST} values of {LONGEST} characters, and no NUL")
    wanted = {name: tuple(params[name]) for name in NARROWING if params.get(name)}
    if params.get("fingerprint"):
        wanted["fingerprint"] = tuple(params["fingerprint"])
    statuses = wanted.get("status", (Finding.Status.OPEN.value,))
    if unknown := set(statuses) - {*Finding.Status.values, "all"}:
        known = ", ".join((*Finding.Status.values, "all"))
        raise _wrong("status", f"{min(unknown)[:40]!r} is none of {known}")
    wanted["status"] = () if "all" in statuses else statuses
    text = " ".join(params.get("q", ())).strip()
    matchers = None
    for name, given in (("match", "".join(params.get("match", ())).strip()), ("q", text)):
        if given.startswith("{") or (given and name == "match"):
            try:
                matchers = parse_matchers(given)
            except MatcherError as error:
                raise _wrong(name, error.message) from error
            text = "" if name == "q" else text
    # `min_score` is what `score` means, as all lists of the cloud have it.
    least, other, most = (_score(params, name) for name in ("score", "min_score", "score_max"))
    return FindingQuery(
        wanted,
        max(least or 0, other or 0),
        10 if most is None else most,
        tuple(text.split()[:10]),
        matchers,
    )


def search_findings(query: FindingQuery) -> QuerySet[Finding]:
    """All that fit, in no order."""
    found = Finding.objects.all()
    for name, texts in query.wanted.items():
        if len(texts) == 1:
            found = found.filter(**{NARROWING.get(name, name): texts[0]})
        elif texts:
            found = found.filter(**{f"{NARROWING.get(name, name)}__in": texts})
    if query.least:
        found = found.filter(score__gte=query.least)
    if query.most < 10:
        found = found.filter(score__lte=query.most)
    for word in query.words:
        found = found.filter(
            Q(summary__icontains=word)
            | Q(check_id__iexact=word)
            | Q(resource__name__icontains=word)
            | Q(resource__resource_id__icontains=word)
        )
    if query.matchers is not None:
        found = filter_queryset(found, query.matchers, MATCH_FIELDS, labels="resource__tags")
    return found


def page_of_findings(
    query: FindingQuery, size: int, after: tuple[int, int] | None = None
) -> tuple[list[Finding], bool]:
    """The worst first, from behind that score and id; and whether there are more."""
    found = search_findings(query).select_related(*RELATED).defer(
        "introduced_by__config", "introduced_by__changes", "fixed_by__config", "fixed_by__changes",
        "resource__config",
    )  # fmt: skip
    if after is not None:
        score, pk = after
        # The second condition says the first again, so that an index serves.
        found = found.filter(Q(score__lt=score) | Q(score=score, pk__lt=pk), score__lte=score)
    rows = list(found.order_by(*KEYSET)[: size + 1])
    return rows[:size], len(rows) > size


def each_finding(query: FindingQuery, size: int) -> Iterator[Finding]:
    """All that fit, read a page at a time."""
    rows, more = page_of_findings(query, size)
    yield from rows
    while more:
        rows, more = page_of_findings(query, size, (rows[-1].score, rows[-1].pk))
        yield from rows


def count_facets(query: FindingQuery) -> Counts:
    """Count what is found; a facet that narrows it is counted as if it did not.

    One query, and one for each facet in use; none reads more than COUNTED rows.
    """
    rows = _read(query, FACETS)
    values = {name: _count(row[place] for row in rows) for place, name in enumerate(FACETS)}
    capped = len(rows) >= COUNTED
    for name in FACETS:
        if query.wanted.get(name):
            others = _read(replace(query, wanted={**query.wanted, name: ()}), (name,))
            values[name] = _count(row[0] for row in others)
            capped = capped or len(others) >= COUNTED
    return Counts(values, capped)


def _read(query: FindingQuery, names: Sequence[str]) -> list[tuple[str, ...]]:
    columns = [NARROWING[name] for name in names]
    return list(search_findings(query).order_by(*KEYSET).values_list(*columns)[:COUNTED])


def _count(values: Any) -> Mapping[str, int]:
    counts = Counter(values)
    counts.pop("", None)
    return counts


def _score(params: Mapping[str, Sequence[str]], name: str) -> int | None:
    text = (params.get(name) or [""])[0]
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 3 and int(text) <= 10):
        raise _wrong(name, "write a number from 0 to 10")
    return int(text)


def _wrong(field: str, message: str) -> PayloadError:
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])
