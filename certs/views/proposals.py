"""Names that turned up below domains of ours, and somebody's word on them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from certs.models import Domain, Proposal
from certs.propose import accept_proposals, refuse_proposals
from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.ids import IdIn
from opsportal.lib.times import utc_now

_PAGE = 100
_TABS = (("proposed", "Proposed"), ("accepted", "Accepted"), ("refused", "Refused"))


@portal_page
@require_safe
def show_proposals(request: HttpRequest) -> HttpResponse:
    """The newest first."""
    state = request.GET.get("state", "")
    state = state if state in Proposal.State.values else str(Proposal.State.PROPOSED)
    domain = request.GET.get("domain", "").replace("\0", "")
    rows = Proposal.objects.filter(state=state).select_related("domain__team", "endpoint")
    if domain:
        rows = rows.filter(domain__name=domain)
    after = request.GET.get("after", "")
    if after.isascii() and after.isdigit() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    found = list(rows.order_by("-id")[: _PAGE + 1])
    context: dict[str, Any] = {
        "title": "Proposed names",
        "rows": [(row, can_respond(request.user, row.domain.team_id)) for row in found[:_PAGE]],
        "more": str(found[_PAGE - 1].pk) if len(found) > _PAGE else "",
        "later": bool(after),
        "tabs": [(value, label, value == state) for value, label in _TABS],
        "state": state,
        "domain": domain,
        "domains": list(Domain.objects.select_related("team")[:200]),
        "may_edit": request.user.has_perm("certs.add_domain"),
        "params": {"state": state, "domain": domain},
    }
    return render_page(request, "certs/proposals.html", context)


@portal_page
@require_POST
def decide_proposals(request: HttpRequest) -> HttpResponse:
    """Accept or refuse those that are ticked, as far as they are the person's to decide."""
    ticked = [int(t) for t in request.POST.getlist("proposal") if t.isascii() and t.isdigit()]
    ids = [pk for pk in ticked if pk < 2**63][:500]
    rows = Proposal.objects.filter(IdIn(ids)).select_related("domain")
    mine = [row for row in rows if can_respond(request.user, row.domain.team_id)]
    now = utc_now()
    if request.POST.get("do") == "accept":
        count = accept_proposals(mine, actor=actor_of(request), now=now)
        said = "watched from now on"
    else:
        count = refuse_proposals(mine, actor=actor_of(request), now=now)
        said = "refused, and not proposed again"
    if len(mine) < len(ids):
        messages.warning(request, "Some are other teams' to decide.")
    if not ids:
        messages.error(request, "Tick those that you mean.")
        return HttpResponseRedirect("/certs/proposals/")
    messages.success(request, f"{count} {said}.")
    return HttpResponseRedirect("/certs/proposals/")
