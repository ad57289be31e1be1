"""Pages of collecting: how it is doing, what it cannot read, what it did, and "now, please"."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.times import utc_now
from security.collect.hurry import collect_now
from security.collectors import collector_of
from security.health import account_healths, health_of, open_errors
from security.models import CloudAccount, Collection, CollectorError, Scope
from security.watch import watched_scopes

ROWS, MOST_SCOPES = 100, 2000


@portal_page
@require_safe
def show_health(request: HttpRequest) -> HttpResponse:
    """Accounts, and the matrix of one of them."""
    now = utc_now()
    healths = account_healths(now=now)
    wanted = request.GET.get("account", "")
    chosen = next((row for row in healths if row.account.account_id == wanted), None)
    if wanted and chosen is None:
        raise Http404("There is no such account.")
    chosen = chosen or (healths[0] if healths else None)
    regions, lines = health_of(chosen.account, now=now) if chosen else ([], [])
    context = {
        "title": "Health of collecting",
        "healths": healths,
        "chosen": chosen,
        "regions": regions,
        "lines": lines,
        "may_collect": chosen is not None and can_respond(request.user, chosen.account.team_id),
    }
    return render_page(request, "security/health.html", context)


@portal_page
@require_safe
def show_errors(request: HttpRequest) -> HttpResponse:
    """What cannot be read, what to grant, and since when."""
    account = _account(request.GET.get("account", ""))
    rows = open_errors(account).order_by("-last_at", "-pk")
    before = _number(request.GET.get("before", ""))
    if before is not None:
        last = CollectorError.objects.filter(pk=before).first()
        if last is not None:
            rows = rows.filter(last_at__lte=last.last_at).exclude(
                last_at=last.last_at, pk__gte=last.pk
            )
    found = list(rows[: ROWS + 1])
    context = {
        "title": "What cannot be read",
        "account": account,
        "errors": found[:ROWS],
        "more": found[ROWS - 1].pk if len(found) > ROWS else None,
        "actions": sorted({row.action for row in found if row.action}),
    }
    return render_page(request, "security/collector_errors.html", context)


@portal_page
@require_safe
def show_scope(request: HttpRequest, scope_pk: int) -> HttpResponse:
    """The log of one scope."""
    scope = get_object_or_404(Scope.objects.select_related("account"), pk=scope_pk)
    rows = Collection.objects.filter(scope=scope).order_by("-pk")
    before = _number(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: ROWS + 1])
    context: dict[str, Any] = {
        "title": str(scope),
        "scope": scope,
        "collector": collector_of(scope.technology),
        "collections": found[:ROWS],
        "more": found[ROWS - 1].pk if len(found) > ROWS else None,
        "errors": list(CollectorError.objects.filter(scope=scope, cleared_at=None)[:ROWS]),
        "may_collect": can_respond(request.user, scope.account.team_id),
    }
    return render_page(request, "security/scope.html", context)


@portal_page
@require_POST
def collect(request: HttpRequest) -> HttpResponse:
    """Ask for a scope, or for all of an account, now."""
    scope_pk = _number(request.POST.get("scope", ""))
    account = _account(request.POST.get("account", ""))
    scopes = watched_scopes()
    if scope_pk is not None:
        scopes = scopes.filter(pk=scope_pk)
        account = get_object_or_404(Scope.objects.select_related("account"), pk=scope_pk).account
    if account is None:
        raise Http404("Say which account or scope.")
    if not can_respond(request.user, account.team_id):
        raise PermissionDenied("Responders of the account's team ask for collections.")
    found = list(scopes.filter(account=account).order_by("pk")[:MOST_SCOPES])
    asked = collect_now(account, found, actor=actor_of(request), now=utc_now())
    if asked:
        scopes_word = "scope is" if asked == 1 else "scopes are"
        messages.success(request, f"{asked} {scopes_word} collected within seconds.")
    else:
        messages.warning(request, "Nothing of it is collected: see whether it is enabled.")
    place = reverse("cloud-scope", args=[scope_pk]) if scope_pk is not None else reverse(
        "cloud-health", query={"account": account.account_id}
    )  # fmt: skip
    return HttpResponseRedirect(place)


def _account(number: str) -> CloudAccount | None:
    """None where none is named. Raises Http404 for an unknown one."""
    if not number:
        return None
    account = CloudAccount.objects.filter(account_id=number.replace("\0", "")[:12]).first()
    if account is None:
        raise Http404("There is no such account.")
    return account


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
