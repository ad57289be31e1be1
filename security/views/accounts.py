"""Accounts as pages: how each stands, its test, and the policies to paste."""

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.times import utc_now
from security.account import ask_for_test
from security.grant import MOST_CHARACTERS, collectors_of, read_only_policy, trust_policy
from security.models import CloudAccount, Outcome, Scope
from security.standing import standings_of

_MOST_SCOPES = 500


@portal_page
@require_safe
def show_accounts(request: HttpRequest) -> HttpResponse:
    """All of them."""
    accounts = list(CloudAccount.objects.select_related("team"))
    standings = standings_of(accounts)
    return render_page(
        request,
        "security/accounts.html",
        {
            "title": "Cloud accounts",
            "rows": [(account, standings[account.pk]) for account in accounts],
            "may_add": request.user.has_perm("security.add_cloudaccount"),
        },
    )


@portal_page
@require_safe
def show_account(request: HttpRequest, account_pk: int) -> HttpResponse:
    """One of them."""
    account = get_object_or_404(CloudAccount.objects.select_related("team"), pk=account_pk)
    may_change = request.user.has_perm("security.change_cloudaccount")
    policy = read_only_policy(account)
    compact = json.dumps(policy, separators=(",", ":"))
    external_id = str(account.external_id or "")
    trust = trust_policy(account, external_id=external_id if may_change else "***")
    scopes = Scope.objects.filter(account=account).exclude(outcome__in=["", Outcome.COMPLETE])
    context: dict[str, Any] = {
        "title": account.name,
        "account": account,
        "standing": standings_of([account])[account.pk],
        "may_change": may_change,
        "policy": json.dumps(policy, indent=2),
        "policy_length": len(compact),
        "policy_too_long": len(compact) > MOST_CHARACTERS,
        "trust": json.dumps(trust, indent=2) if account.role_name else "",
        "technologies": collectors_of(account),
        "failing": list(scopes.order_by("technology", "region")[:_MOST_SCOPES]),
        "testing": account.test_due_at is not None,
    }
    return render_page(request, "security/account.html", context)


@portal_page
@require_POST
def test_account(request: HttpRequest, account_pk: int) -> HttpResponse:
    """Have it tested."""
    if not request.user.has_perm("security.change_cloudaccount"):
        raise PermissionDenied("Administrators test accounts.")
    account = get_object_or_404(CloudAccount, pk=account_pk)
    ask_for_test(account, now=utc_now())
    messages.success(request, f"{account.name} is tested within seconds.")
    return HttpResponseRedirect(reverse("cloud-account", args=[account.pk]))
