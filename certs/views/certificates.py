"""The list of certificates: what is looked for stands in the URL, so a view can be shared."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from alerts.normalise import SEVERITY_RANK
from certs.feed import feed_query, feed_token
from certs.kinds import KINDS
from certs.models import Certificate, Source
from certs.search import (
    COUNTED,
    FILTERS,
    CertificateQuery,
    State,
    count_facets,
    page_of_certificates,
    read_query,
)
from certs.search.query import NONE
from certs.views.pages import read_place, write_place
from opsportal.accounts.models import User
from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.facets import FacetGroup, FacetLinks, by_count
from opsportal.lib.params import last, params_of
from opsportal.lib.times import utc_now

PAGE = 50
TABS = (
    (State.COMING, "Coming"), (State.EXPIRED, "Expired"), (State.UNUSED, "Not in use"),
    (State.RETIRED, "Retired"), (State.ALL, "All"),
)  # fmt: skip
WITHIN = (("1d", "within a day"), ("7d", "within 7 days"), ("14d", "within 14 days"),
          ("30d", "within 30 days"), ("90d", "within 90 days"))  # fmt: skip
_TITLES = {"key_type": "Key", "source": "Stored in"}
MOST_VALUES = 12
Params = Mapping[str, Sequence[str]]


@portal_page
@require_safe
def show_certificates(request: HttpRequest) -> HttpResponse:
    """The list: what expires next comes first."""
    params = params_of(request, FILTERS)
    rows: list[Certificate] = []
    facets: list[FacetGroup] = []
    more, capped = "", False
    errors: Sequence[FieldError] = ()
    after = read_place(request.GET.get("after", ""))
    state = None
    try:
        query = read_query(params, now=utc_now())
        state = query.state
        rows, following = page_of_certificates(query, PAGE, after)
        more = write_place(rows[-1].not_after, rows[-1].pk) if following else ""
        facets, capped = _facets(query, params)
    except PayloadError as error:
        errors = error.errors or [FieldError("", error.message)]
    context = {
        "title": "Certificates",
        "params": params,
        "rows": rows,
        "more": more,
        "later": after is not None,
        "facets": facets,
        "capped": capped,
        "counted": COUNTED,
        "errors": errors,
        "tabs": [(value, label, value == state) for value, label in TABS],
        "within": WITHIN,
        "chosen_within": last(params, "expires_within"),
        "q": last(params, "q"),
        "carried": [
            (name, value)
            for name in FILTERS
            if name not in ("q", "expires_within")
            for value in params.get(name, ())
        ],
        "filtered": any(name != "state" for name in params),
        "query": urlencode(params, doseq=True),
        "feed": _feed(request, params),
    }
    return render_page(request, "certs/certificates.html", context, status=400 if errors else 200)


def _feed(request: HttpRequest, params: Params) -> str:
    """The address of the calendar of what is listed; it opens without a key."""
    user = request.user
    if not isinstance(user, User):
        return ""
    query = feed_query(params)
    token = urlencode({"person": user.pk, "token": feed_token(user, query)})
    return f"{settings.PUBLIC_URL}{reverse('api-certs-calendar')}?{query}{'&' * bool(query)}{token}"


def _facets(query: CertificateQuery, params: Params) -> tuple[list[FacetGroup], bool]:
    counts = count_facets(query)
    links = FacetLinks(reverse("certs-certificates"), params)
    groups = [
        links.group(
            name,
            by_count(values, params.get(name, ()))[:MOST_VALUES],
            params.get(name, ()),
            title=_TITLES.get(name, ""),
            label=lambda value: "none" if value == NONE else value,
        )
        for name, values in counts.values.items()
        if len(values) > 1 or params.get(name)
    ]
    titles: dict[str, str] = {"any": "anything", **{k: v.title for k, v in KINDS.items()}}
    sources = Source.objects.values_list("name", flat=True)[:MOST_VALUES]
    # The grave ones first.
    kinds = sorted(KINDS.values(), key=lambda kind: -SEVERITY_RANK.get(kind.severity, -1))
    wrong = ["any", *(kind.slug for kind in kinds if kind.about != "source")][:MOST_VALUES]
    for name, values, label in (
        ("source", list(sources), str), ("finding", wrong, titles.__getitem__),
    ):  # fmt: skip
        chosen = params.get(name, ())
        listed: list[tuple[str, int | None]] = [
            (value, None) for value in dict.fromkeys((*chosen, *values))
        ]
        if len(listed) > 1 or chosen:
            title = _TITLES.get(name, "")
            groups.append(links.group(name, listed, chosen, title=title, label=label))
    return groups, counts.capped
