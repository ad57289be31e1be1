"""The list of findings: what is looked for stands in the URL, so a view can be shared."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import administered_teams, is_administrator
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.facets import FacetGroup, FacetLinks, by_count
from security.auditors import auditors
from security.findings import (
    COUNTED,
    FACETS,
    NARROWING,
    OTHERS,
    Counts,
    count_facets,
    page_of_findings,
    read_query,
)
from security.models import CloudAccount, Finding

PAGE = 100
TABS = (("", "Open"), ("unknown", "Unknown"), ("accepted", "Accepted"), ("fixed", "Fixed"),
        ("all", "All"))  # fmt: skip
LEAST = (("9", "critical"), ("7", "high and worse"), ("4", "warning and worse"))
_TITLES = {"technology": "Technology", "account": "Account"}
Params = Mapping[str, Sequence[str]]


@portal_page
@require_safe
def show_findings(request: HttpRequest) -> HttpResponse:
    """The list, the worst first."""
    params = _params(request)
    rows: list[Finding] = []
    more, facets, capped = "", [], False
    errors: Sequence[FieldError] = ()
    after = _place(request.GET.get("after", ""))
    try:
        query = read_query(params)
        rows, following = page_of_findings(query, PAGE, after)
        more = f"{rows[-1].score}-{rows[-1].pk}" if following else ""
        counts = count_facets(query)
        facets, capped = _groups(counts, params), counts.capped
    except PayloadError as error:
        errors = error.errors or [FieldError("", error.message)]
    status = (params.get("status") or [""])[0]
    context = {
        "title": "Findings",
        "params": params,
        "rows": rows,
        "more": more,
        "later": after is not None,
        "facets": facets,
        "capped": capped,
        "counted": COUNTED,
        "errors": errors,
        "tabs": [(value, label, value == status) for value, label in TABS],
        "least": LEAST,
        "score": (params.get("score") or [""])[0],
        "q": (params.get("q") or [""])[0],
        "carried": [(n, v) for n in NARROWING for v in params.get(n, ())],
        "filtered": any(name != "status" for name in params),
        "query": urlencode(params, doseq=True),
        "may_accept": is_administrator(request.user) or bool(administered_teams(request.user)),
        "labels": check_labels(),
    }
    return render_page(request, "security/findings.html", context, status=400 if errors else 200)


def check_labels() -> dict[str, str]:
    """Slug -> what people call the check."""
    return {slug: auditor.label for slug, auditor in auditors().items()}


def _params(request: HttpRequest) -> dict[str, list[str]]:
    """What is asked for, without blanks and without what the page does not know."""
    found = {}
    for name in (*NARROWING, *OTHERS):
        texts = (text.strip() for text in request.GET.getlist(name))
        if kept := list(dict.fromkeys(filter(None, texts))):
            found[name] = kept
    return found


def _place(text: str) -> tuple[int, int] | None:
    score, _, pk = text.partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in (score, pk)):
        return None
    return int(score), int(pk)


def _groups(counts: Counts, params: Params) -> list[FacetGroup]:
    links = FacetLinks(reverse("security-findings"), params)
    names: Mapping[str, str] = {}
    if counts.values["account"]:
        names = dict(CloudAccount.objects.values_list("account_id", "name"))
    labels = check_labels()
    shown: dict[str, Any] = {
        "account": lambda value: names.get(value, value),
        "check": lambda value: f"{value} {labels.get(value, '')}".strip(),
        "technology": lambda value: value.removeprefix("aws."),
    }
    return [
        links.group(
            name,
            by_count(counts.values[name], params.get(name, ())),
            params.get(name, ()),
            title=_TITLES.get(name, ""),
            label=shown.get(name, str),
        )
        for name in FACETS
    ]
