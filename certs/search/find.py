"""One queryset of a query; and its pages."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q, QuerySet

from certs.models import Certificate, Finding, Placement
from certs.search.match import filter_matching
from certs.search.query import COLUMNS, NONE, CertificateQuery, State

LONG = ("der", "details", "errors")
# As the index has it.
_IN_USE = Q(retired_at=None) & ~Q(use=Certificate.Use.KNOWN)
_STATES = {
    State.COMING: _IN_USE,
    State.EXPIRED: _IN_USE,
    State.UNUSED: Q(retired_at=None, use=Certificate.Use.KNOWN),
    State.RETIRED: Q(retired_at__isnull=False),
    State.ALL: Q(),
}
Place = tuple[datetime, int]


def search_certificates(query: CertificateQuery) -> QuerySet[Certificate]:
    """All that fit, in no order."""
    found = Certificate.objects.filter(_STATES[query.state])
    for edge in ("after", "before"):
        if at := getattr(query, edge):
            found = found.filter(**{f"not_after__{'gte' if edge == 'after' else 'lt'}": at})
    if query.state is State.COMING:
        found = found.filter(not_after__gte=query.now)
    elif query.state is State.EXPIRED:
        found = found.filter(not_after__lt=query.now)
    for name, texts in query.wanted.items():
        found = found.filter(_wanted(name, list(texts)))
    for condition in query.conditions:
        found = found.filter(condition)
    for matchers in query.matchers:
        found = filter_matching(found, matchers, query.now)
    return found


def _wanted(name: str, texts: list[str]) -> Q:
    if name == "source":
        here = Placement.objects.filter(gone_at=None, source__name__in=texts).order_by()
        return Q(pk__in=here.values("certificate_id"))
    if name == "finding":
        wrong = Finding.objects.filter(closed_at=None, certificate_id__isnull=False).order_by()
        if "any" not in texts:
            wrong = wrong.filter(kind__in=texts)
        return Q(pk__in=wrong.values("certificate_id"))
    column = COLUMNS[name]
    some = [text for text in texts if text != NONE]
    condition = Q(**{column: some[0]}) if len(some) == 1 else Q(**{f"{column}__in": some})
    if NONE in texts:
        nothing = Q(team=None) if name == "owner" else Q(**{column: ""})
        return condition | nothing if some else nothing
    return condition


def page_of_certificates(
    query: CertificateQuery, size: int, after: Place | None = None
) -> tuple[list[Certificate], bool]:
    """A page from behind that place, and whether there are more."""
    found = search_certificates(query).select_related("team").defer(*LONG)
    if after is not None:
        at, pk = after
        side = "lt" if query.newest_first else "gt"
        # The second condition says the first again, so that an index serves.
        found = found.filter(
            Q(**{f"not_after__{side}": at}) | Q(not_after=at, **{f"pk__{side}": pk}),
            **{f"not_after__{side}e": at},
        )
    rows = list(found.order_by(*query.keyset)[: size + 1])
    return rows[:size], len(rows) > size


def each_page(query: CertificateQuery, size: int) -> Iterator[list[Certificate]]:
    """All that fit, page by page."""
    after: Place | None = None
    more = True
    while more:
        rows, more = page_of_certificates(query, size, after)
        if rows:
            yield rows
            after = (rows[-1].not_after, rows[-1].pk)
