"""What expires next, of whom, and what is wrong: the wall. Each query is bounded by its index."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Count, IntegerField, Q, QuerySet, Subquery

from alerts.normalise import SEVERITY_RANK
from certs.kinds import KINDS, Kind
from certs.models import Certificate, Endpoint, Finding, Placement, Source
from certs.search import CertificateQuery, State, page_of_certificates
from certs.search.query import NONE
from certs.urgency import URGENCIES, Urgency
from opsportal.lib.ids import IdIn

# Counting on would cost more than the figure is worth.
COUNT_CAP = 10_000
WEEKS, SOON, NEXT = 13, timedelta(days=30), 1000
_LISTED, _NAMED, _FEW = 12, 8, 4
_WEEK = timedelta(weeks=1)
_USES = (Certificate.Use.SERVED, Certificate.Use.PLACED)


@dataclass(frozen=True, slots=True)
class Group:
    """Certificates in use that are as urgent."""

    urgency: Urgency
    served: int
    stored: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.served + self.stored

    @property
    def capped(self) -> bool:
        """Whether there are more."""
        return max(self.served, self.stored) > COUNT_CAP


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from `start`."""

    start: datetime
    in_use: int
    served: int


@dataclass(frozen=True, slots=True)
class Wall:
    """All of it; `owners`, `issuers` and `sources` count those that expire within SOON."""

    groups: Sequence[Group]
    weeks: Sequence[Week]
    # Served, the newest first.
    expired: Sequence[Certificate]
    next: Sequence[Certificate]
    owners: Sequence[tuple[str, int]]
    issuers: Sequence[tuple[str, int]]
    sources: Sequence[tuple[str, int]]
    # Whether more expire than were counted for these.
    more: bool
    findings: Sequence[tuple[Kind, int]]
    failing: Sequence[Source]
    unreached: Sequence[Endpoint]


class CountUpTo(Subquery):
    """How many rows there are, or `most + 1` when there are more."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any], most: int = COUNT_CAP) -> None:
        super().__init__(rows.order_by().values("pk")[: most + 1])


def survey_certificates(now: datetime, owner: str = "") -> Wall:
    """The wall; of one team, or of nobody ("-"), where an owner is said."""
    rows = Certificate.objects.filter(_owned(owner))
    bounds = [*(each.bounds(now) for each in URGENCIES), *_weeks(now)]
    counts = iter(_count([_within(rows, use, *each) for each in bounds for use in _USES]))
    groups = [Group(each, next(counts), next(counts)) for each in URGENCIES]
    weeks = []
    for start, _ in _weeks(now):
        served, stored = next(counts), next(counts)
        weeks.append(Week(start, served + stored, served))
    wanted = {"owner": (owner,)} if owner else {}
    query = CertificateQuery(now=now, wanted=wanted)
    over = replace(query, state=State.EXPIRED, wanted={**wanted, "use": (_USES[0],)})
    soon = _soon(rows, now)
    return Wall(
        groups=groups,
        weeks=weeks,
        expired=page_of_certificates(over, _FEW)[0],
        next=page_of_certificates(query, _LISTED)[0],
        owners=_most(Counter(team or NONE for _, team, _ in soon)),
        issuers=_most(Counter(issuer for *_, issuer in soon)),
        sources=_sources([pk for pk, *_ in soon]),
        more=len(soon) >= NEXT,
        findings=_findings(),
        failing=list(Source.objects.filter(enabled=True, failures__gt=0)[: _LISTED + 1]),
        unreached=list(
            Endpoint.objects.filter(enabled=True, failing_since__isnull=False).order_by(
                "failing_since"
            )[: _LISTED + 1]
        ),
    )


def count_states(now: datetime) -> Mapping[str, Group]:
    """Only the groups, by their slugs."""
    rows = Certificate.objects.all()
    counts = iter(
        _count([_within(rows, use, *each.bounds(now)) for each in URGENCIES for use in _USES])
    )
    return {each.slug: Group(each, next(counts), next(counts)) for each in URGENCIES}


def count_findings() -> Mapping[str, int]:
    """Open ones by kind, up to COUNT_CAP."""
    return {kind.slug: count for kind, count in _findings()}


def _owned(owner: str) -> Q:
    if not owner:
        return Q()
    return Q(team=None) if owner == NONE else Q(team__name=owner)


def _weeks(now: datetime) -> Iterator[tuple[datetime, datetime]]:
    return ((now + n * _WEEK, now + (n + 1) * _WEEK) for n in range(WEEKS))


def _within(
    rows: QuerySet[Certificate], use: str, start: datetime | None, end: datetime | None
) -> QuerySet[Any]:
    found = rows.filter(use=use, retired_at=None)
    if start is not None:
        found = found.filter(not_after__gte=start)
    return found if end is None else found.filter(not_after__lt=end)


def _count(asked: Sequence[QuerySet[Any]], host: QuerySet[Any] | None = None) -> Sequence[int]:
    """All in one statement; it hangs on a row of the table, and without any all are 0."""
    host = Certificate.objects.all() if host is None else host
    counts = [CountUpTo(each) for each in asked]
    found = host.order_by().values_list(*counts)[:1]
    return next(iter(found), (0,) * len(counts))


def _soon(rows: QuerySet[Certificate], now: datetime) -> list[tuple[int, str | None, str]]:
    found = rows.filter(
        Q(retired_at=None) & ~Q(use=Certificate.Use.KNOWN),
        not_after__gte=now, not_after__lt=now + SOON,
    )  # fmt: skip
    return list(
        found.order_by("not_after", "id").values_list("pk", "team__name", "issuer_title")[:NEXT]
    )


def _sources(ids: Sequence[int]) -> list[tuple[str, int]]:
    found = Placement.objects.filter(IdIn(ids, "certificate_id"), gone_at=None).order_by()
    return _most(dict(found.values_list("source__name").annotate(Count("certificate_id"))))


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return list(islice(ordered, _NAMED))


def _findings() -> list[tuple[Kind, int]]:
    rows = Finding.objects.filter(closed_at=None)
    counts = _count([rows.filter(kind=slug) for slug in KINDS], Finding.objects.all())
    found = [(kind, n) for kind, n in zip(KINDS.values(), counts, strict=True) if n]
    return sorted(found, key=lambda each: -SEVERITY_RANK.get(each[0].severity, -1))
