"""Endpoints: the list, and one with what its addresses serve."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from certs.check import MEANINGS
from certs.kinds import KINDS
from certs.models import Endpoint, Finding, Observation, Proposal
from certs.observe.edit import delete_endpoint, probe_now
from certs.observe.search import FILTERS, STATES, read_filters, search_endpoints
from certs.search.findings import FINDING_LONG, SEVERITIES
from certs.tls import PROTOCOLS
from certs.views.chains import ShownLink, chains_of, drawn_row
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import Team
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.errors import PayloadError
from opsportal.lib.ids import IdIn
from opsportal.lib.times import utc_now

_PAGE, _HISTORY = 100, 30


@dataclass(slots=True)
class _Shown:
    """A line of the list: the leaf that ends first, of how many, at how many addresses."""

    leaf: ShownLink | None = None
    leaves: set[int] = field(default_factory=set)
    addresses: int = 0
    findings: int = 0


@portal_page
@require_safe
def show_endpoints(request: HttpRequest) -> HttpResponse:
    """The list, by host."""
    now, status = utc_now(), 200
    given = {name: request.GET.get(name, "") for name in FILTERS}
    context: dict[str, Any] = {"title": "Endpoints"}
    rows: list[Endpoint] = []
    asked: dict[str, str] = {}
    try:
        asked = read_filters(given)
        rows = list(_after(search_endpoints(asked), request.GET.get("after", ""))[: _PAGE + 1])
    except PayloadError as error:
        context["errors"], status = error.errors, error.status
    more = f"{rows[_PAGE - 1].pk}-{rows[_PAGE - 1].host}" if len(rows) > _PAGE else ""
    rows = rows[:_PAGE]
    shown = _lines(rows, now)
    context |= {
        "rows": [(row, shown[row.pk]) for row in rows],
        "asked": asked,
        "first": given,
        "more": more,
        "later": bool(request.GET.get("after")),
        "states": STATES,
        "protocols": list(PROTOCOLS),
        "teams": list(Team.objects.order_by("name").values_list("name", flat=True)[:200]),
        "may_add": can_respond(request.user, None),
        "waiting": Proposal.objects.filter(state=Proposal.State.PROPOSED)[:1].exists(),
    }
    return render_page(request, "certs/endpoints.html", context, status=status)


def _after(rows: QuerySet[Endpoint], place: str) -> QuerySet[Endpoint]:
    """What comes behind a row of the page before."""
    rows = rows.select_related("team").order_by("host", "id")
    pk, _, host = place.partition("-")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19 and host and "\0" not in host):
        return rows
    return rows.filter(Q(host__gt=host) | Q(host=host, id__gt=int(pk)), host__gte=host)


def _lines(rows: Sequence[Endpoint], now: datetime) -> Mapping[int, _Shown]:
    """What each serves, and how much is wrong there; two queries."""
    ids = [row.pk for row in rows]
    found: defaultdict[int, _Shown] = defaultdict(_Shown)
    serving = Observation.objects.filter(IdIn(ids, "endpoint_id"), serving=True)
    for seen in serving.select_related("certificate").defer("certificate__der", "facts"):
        line = found[seen.endpoint_id]
        line.addresses += 1
        if seen.certificate is None:
            continue
        line.leaves.add(seen.certificate.pk)
        leaf = drawn_row(seen.certificate, now=now)
        before = line.leaf.not_after if line.leaf else None
        if before is None or (leaf.not_after and leaf.not_after < before):
            line.leaf = leaf
    open_ones = Finding.objects.filter(closed_at=None).order_by()
    counts = open_ones.filter(IdIn(ids, "endpoint_id")).values_list("endpoint_id")
    for pk, count in counts.annotate(Count("id")):
        found[pk].findings = count
    leaves = {pk for line in found.values() for pk in line.leaves}
    of_leaves = open_ones.filter(IdIn(leaves, "certificate_id"), endpoint=None, source=None)
    by_leaf = dict(of_leaves.values_list("certificate_id").annotate(Count("id")))
    for line in found.values():
        line.findings += sum(by_leaf.get(pk, 0) for pk in line.leaves)
    return found


@portal_page
@require_safe
def show_endpoint(request: HttpRequest, endpoint_pk: int) -> HttpResponse:
    """One of them."""
    now = utc_now()
    endpoint = get_object_or_404(Endpoint.objects.select_related("team", "source"), pk=endpoint_pk)
    known = Observation.objects.filter(endpoint=endpoint).select_related("certificate")
    known = known.defer("certificate__der")
    present = list(known.filter(Q(current=True) | Q(serving=True)).order_by("address", "-id"))
    history, more = _history(known, request.GET.get("before", ""))
    serving = [row for row in present if row.serving]
    context: dict[str, Any] = {
        "title": f"Endpoint {endpoint}",
        "endpoint": endpoint,
        "addresses": _addresses(present, now),
        "chains": _by_chain(serving, chains_of([row.pk for row in serving], now=now)),
        "findings": [(row, KINDS.get(row.kind)) for row in _findings(endpoint, serving)],
        "alerts": urlencode({"q": f'{{source="certs", endpoint="{endpoint}"}}'}),
        "history": history,
        "more": more,
        "later": bool(request.GET.get("before")),
        "meanings": MEANINGS,
        "waiting": endpoint.probes.filter(state__in=("due", "claimed")).exists(),
        "may_write": can_respond(request.user, endpoint.team_id),
        "may_change": request.user.has_perm("certs.change_endpoint", endpoint),
    }
    return render_page(request, "certs/endpoint.html", context)


def _findings(endpoint: Endpoint, serving: Sequence[Observation]) -> list[Finding]:
    """What is wrong with it and with the certificates that it serves, worst first."""
    leaves = {row.certificate_id for row in serving if row.certificate_id}
    about = Q(endpoint=endpoint) | Q(certificate_id__in=leaves, endpoint=None, source=None)
    rows = Finding.objects.filter(about, closed_at=None).select_related("certificate")
    found = list(rows.defer(*FINDING_LONG).order_by("-id")[:50])
    rank = {name: place for place, name in enumerate(SEVERITIES)}
    return sorted(found, key=lambda row: rank.get(row.severity, len(rank)))


def _addresses(
    present: Sequence[Observation], now: datetime
) -> list[tuple[Observation, Observation | None, ShownLink | None]]:
    """Of each address the current observation, and the one it serves by."""
    serving = {row.address: row for row in present if row.serving}
    found = []
    for row in present:
        if row.current:
            seen = serving.get(row.address)
            leaf = drawn_row(seen.certificate, now=now) if seen and seen.certificate else None
            found.append((row, seen, leaf))
    return found


def _by_chain(
    serving: Sequence[Observation], chains: Mapping[int, list[ShownLink]]
) -> list[tuple[list[str], list[ShownLink]]]:
    """Each chain once, with the addresses that serve it; what few serve comes last."""
    places: dict[tuple[str, ...], list[Observation]] = {}
    for row in serving:
        places.setdefault(tuple(row.chain), []).append(row)
    ordered = sorted(places.values(), key=len, reverse=True)
    return [([row.address for row in rows], chains.get(rows[0].pk, [])) for rows in ordered]


def _history(rows: QuerySet[Observation], before: str) -> tuple[list[Observation], str]:
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.order_by("-id")[: _HISTORY + 1])
    more = str(found[_HISTORY - 1].pk) if len(found) > _HISTORY else ""
    return found[:_HISTORY], more


@portal_page
@require_POST
def probe_endpoint(request: HttpRequest, endpoint_pk: int) -> HttpResponse:
    """Have it looked at."""
    endpoint = _own(request, endpoint_pk)
    probe_now([endpoint], actor=actor_of(request), now=utc_now())
    messages.success(request, f"{endpoint} is looked at within seconds.")
    return HttpResponseRedirect(endpoint.get_absolute_url())


@portal_page
@require_POST
def remove_endpoint(request: HttpRequest, endpoint_pk: int) -> HttpResponse:
    """Watch it no more."""
    endpoint = _own(request, endpoint_pk)
    delete_endpoint(endpoint, actor=actor_of(request), now=utc_now())
    messages.success(request, f"{endpoint} is watched no more.")
    return HttpResponseRedirect("/certs/endpoints/")


def _own(request: HttpRequest, pk: int) -> Endpoint:
    endpoint = get_object_or_404(Endpoint.objects.select_related("team"), pk=pk)
    if not can_respond(request.user, endpoint.team_id):
        raise PermissionDenied("Responders of its team do that.")
    return endpoint
