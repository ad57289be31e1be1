"""What there is, or was at a time; and who has an address."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.errors import PayloadError
from opsportal.lib.ids import IdIn
from opsportal.lib.params import last, params_of
from opsportal.lib.times import utc_now
from security.collectors import collectors
from security.history import InventoryQuery, inventory_matching, read_inventory, with_revisions
from security.history.inventory import NAMES
from security.models import AddressUse, CloudAccount, CloudResource
from security.search import AddressQuery, is_address, read_addresses, uses_matching
from security.views.pages import Rows, by_id

_PAGE = 100
# What the address is to a resource: heading.
_ROLES: Mapping[str, str] = {
    "has": "Had by", "admits": "Admitted by", "reaches": "Reached from", "lists": "Listed in",
}  # fmt: skip


@portal_page
@require_safe
def show_inventory(request: HttpRequest) -> HttpResponse:
    """The resources; an address is looked for on its own page."""
    now = utc_now()
    params = params_of(request, (*NAMES, "after"))
    if is_address(last(params, "q")):
        asked = {"q": last(params, "q"), "at": last(params, "at")}
        kept = {name: text for name, text in asked.items() if text}
        return HttpResponseRedirect(f"/security/addresses/?{urlencode(kept)}")
    query, page, status = InventoryQuery(), Rows(), 200
    context: dict[str, Any] = {"title": "Inventory"}
    try:
        query = read_inventory(params, now=now)
        page = by_id(inventory_matching(query), last(params, "after"), _PAGE)
    except PayloadError as error:
        context["errors"], status = error.errors, error.status
    rows: list[tuple[Any, Any]] = [(row, None) for row in page.rows]
    if query.at is not None:
        rows = list(with_revisions(page.rows))
    carried = {name: values for name, values in params.items() if name != "after"}
    context |= {
        "params": carried,
        "first": {name: last(params, name) for name in NAMES},
        "query": query,
        "page": page,
        "rows": rows,
        "accounts": list(CloudAccount.objects.filter(kind="managed")[:200]),
        "technologies": {slug: found.label for slug, found in collectors().items()},
        "nouns": {slug: found.noun for slug, found in collectors().items()},
        "states": CloudResource.State.values,
        "export": urlencode(carried, doseq=True),
    }
    return render_page(request, "security/inventory.html", context, status=status)


@portal_page
@require_safe
def show_addresses(request: HttpRequest) -> HttpResponse:
    """Who has, admits, reaches or lists an address, each the closest first."""
    now = utc_now()
    params = params_of(request, ("q", "at"))
    context: dict[str, Any] = {"title": "Addresses", "params": params}
    status = 200
    groups: list[tuple[str, list[AddressUse], bool]] = []
    if last(params, "q"):
        try:
            query = read_addresses(params, now=now)
            groups = _closest(query)
            context["query"] = query
        except PayloadError as error:
            context["errors"], status = error.errors, error.status
    context |= {
        "q": last(params, "q"),
        "at": last(params, "at"),
        "groups": groups,
        "nouns": {slug: found.noun for slug, found in collectors().items()},
    }
    return render_page(request, "security/addresses.html", context, status=status)


def _closest(query: AddressQuery) -> list[tuple[str, list[AddressUse], bool]]:
    """Of each role the closest, and whether there are more; five statements."""
    ranked = uses_matching(query).select_related(None).defer(None).order_by("-length", "-id")
    # What is asked for first are ids: rows of resources are wide.
    ids = {
        role: list(ranked.filter(role=role).values_list("pk", flat=True)[: _PAGE + 1])
        for role in _ROLES
    }
    rows = AddressUse.objects.filter(IdIn([pk for found in ids.values() for pk in found[:_PAGE]]))
    rows = rows.select_related("resource", "resource__account").defer("resource__config")
    by_id = {row.pk: row for row in rows}
    return [
        (heading, [by_id[pk] for pk in ids[role][:_PAGE] if pk in by_id], len(ids[role]) > _PAGE)
        for role, heading in _ROLES.items()
    ]
