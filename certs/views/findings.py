"""What is wrong with certificates, endpoints and sources."""

from collections.abc import Sequence
from functools import partial
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from certs.kinds import KINDS
from certs.models import Finding
from certs.overview import count_findings
from certs.search.findings import (
    FINDING_FILTERS,
    FINDING_LONG,
    FINDING_RELATED,
    SEVERITIES,
    read_finding_query,
    search_findings,
)
from certs.search.query import NONE
from opsportal.accounts.models import Team
from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.facets import FacetGroup, FacetLinks, by_count
from opsportal.lib.params import last, params_of, read_number

PAGE = 50
TABS = (("", "Open"), ("closed", "Closed"), ("all", "All"))


@portal_page
@require_safe
def show_findings(request: HttpRequest) -> HttpResponse:
    """The list, the newest first."""
    params = params_of(request, FINDING_FILTERS)
    after = read_number(request.GET.get("after", ""))
    rows: list[Finding] = []
    errors: Sequence[FieldError] = ()
    try:
        found = search_findings(read_finding_query(params))
        if after is not None:
            found = found.filter(pk__lt=after)
        found = found.select_related(*FINDING_RELATED).defer(*FINDING_LONG)
        rows = list(found.order_by("-id")[: PAGE + 1])
    except PayloadError as error:
        errors = error.errors or [FieldError("", error.message)]
    state = last(params, "state")
    context = {
        "title": "Findings",
        "params": params,
        "rows": rows[:PAGE],
        "more": rows[PAGE - 1].pk if len(rows) > PAGE else "",
        "later": after is not None,
        "facets": _facets(params),
        "errors": errors,
        "tabs": [(value, label, value == state) for value, label in TABS],
        "filtered": any(name != "state" for name in params),
        "query": urlencode(params, doseq=True),
    }
    return render_page(request, "certs/findings.html", context, status=400 if errors else 200)


def _facets(params: dict[str, list[str]]) -> list[FacetGroup]:
    """Kinds counted among all that are open; the others only named."""
    links = FacetLinks(reverse("certs-findings"), params)
    kinds: dict[str, int | None] = dict(count_findings())
    for slug in params.get("kind", ()):
        kinds.setdefault(slug, None)
    teams = Team.objects.values_list("name", flat=True)[:100]
    named = {"severity": (*SEVERITIES, NONE), "about": ("certificate", "endpoint", "source"),
             "owner": (*teams, NONE)}  # fmt: skip
    labels = {slug: kind.title for slug, kind in KINDS.items()}
    kind_group = links.group(
        "kind", by_count(kinds, params.get("kind", ())), params.get("kind", ()),
        label=lambda slug: labels.get(slug, slug),
    )  # fmt: skip
    return [
        *([kind_group] if kinds else []),
        *(
            links.group(
                name, [(value, None) for value in values], params.get(name, ()),
                label=partial(_label, name),
            )
            for name, values in named.items()
        ),
    ]  # fmt: skip


def _label(facet: str, value: str) -> str:
    if value != NONE:
        return value
    return "nobody" if facet == "owner" else "noted only"
