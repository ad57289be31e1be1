"""Acceptances: those that wait for a second person, those that end soon, and the rest."""

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import administered_teams, can_administer, is_administrator
from opsportal.lib.errors import OpsError
from opsportal.lib.times import utc_now
from security.accept import SOON, approve_acceptance, end_acceptance
from security.models import RiskAcceptance

PAGE = 100


@portal_page
@require_safe
def show_acceptances(request: HttpRequest) -> HttpResponse:
    """What is in force, what ends first first; with `over`, what ended."""
    now, over = utc_now(), "over" in request.GET
    rows = RiskAcceptance.objects.select_related("resource", "account", "team")
    rows = rows.filter(ended_at__isnull=not over)
    if over:
        found = list(_after(rows.order_by("-pk"), request, newest=True)[: PAGE + 1])
    else:
        found = list(_after(rows.order_by("expires_at", "pk"), request)[: PAGE + 1])
    shown = found[:PAGE]
    more = ""
    if len(found) > PAGE:
        last = shown[-1]
        more = str(last.pk) if over else f"{last.expires_at.isoformat()}_{last.pk}"
    mine = administered_teams(request.user)
    everything = is_administrator(request.user)
    soon = now + SOON
    context = {
        "title": "Acceptances of risks",
        "over": over,
        "groups": _groups(shown, soon) if not over else [("Over", shown)],
        "more": more,
        "later": "after" in request.GET,
        "mine": {row.pk for row in shown if everything or row.team_id in mine},
        "me": request.user.get_username(),
    }
    return render_page(request, "security/acceptances.html", context)


@portal_page
@require_POST
def approve(request: HttpRequest, acceptance_id: int) -> HttpResponse:
    """The second person's word."""
    row = _own(request, acceptance_id)
    try:
        approve_acceptance(row, actor=actor_of(request), now=utc_now())
        messages.success(request, "Approved: it is in force.")
    except OpsError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(reverse("security-acceptances"))


@portal_page
@require_POST
def end(request: HttpRequest, acceptance_id: int) -> HttpResponse:
    """Before its time."""
    row = _own(request, acceptance_id)
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:200]
    try:
        end_acceptance(row, actor=actor_of(request), now=utc_now(), reason=reason)
        messages.success(request, "Ended: what it covered is open again.")
    except OpsError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(reverse("security-acceptances"))


def _own(request: HttpRequest, acceptance_id: int) -> RiskAcceptance:
    row = get_object_or_404(RiskAcceptance, pk=acceptance_id)
    if not can_administer(request.user, row.team_id):
        raise PermissionDenied("Only admins of its team decide about it.")
    return row


def _groups(rows: list[RiskAcceptance], soon: datetime) -> list[tuple[str, list[RiskAcceptance]]]:
    waiting = [row for row in rows if row.is_waiting]
    rest = [row for row in rows if not row.is_waiting]
    groups = [
        ("Waiting for a second person", waiting),
        ("Ending within 14 days", [row for row in rest if row.expires_at <= soon]),
        ("In force", [row for row in rest if row.expires_at > soon]),
    ]
    return [(title, found) for title, found in groups if found]


def _after(
    rows: QuerySet[RiskAcceptance], request: HttpRequest, *, newest: bool = False
) -> QuerySet[RiskAcceptance]:
    at, _, pk = request.GET.get("after", "").rpartition("_")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return rows
    if newest:
        return rows.filter(pk__lt=int(pk))
    try:
        instant = datetime.fromisoformat(at.replace(" ", "+"))
    except ValueError:
        return rows
    if instant.tzinfo is None:
        return rows
    return rows.filter(Q(expires_at__gt=instant) | Q(expires_at=instant, pk__gt=int(pk)))
