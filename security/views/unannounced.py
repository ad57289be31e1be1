"""What no event announced, as a page."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.times import utc_now
from security.cause.reconcile import (
    calls_without_effect,
    reconcile,
    troubles,
    unannounced_revisions,
)

ROWS = 50


@portal_page
@require_safe
def show_unannounced(request: HttpRequest) -> HttpResponse:
    """Accounts' balances, the newest changes that no call announced, and calls without effect."""
    now = utc_now()
    before = request.GET.get("before", "")
    revisions = unannounced_revisions().select_related("resource", "account")
    if before.isascii() and before.isdigit() and len(before) < 19:
        revisions = revisions.filter(pk__lt=int(before))
    revisions = revisions.defer("config", "changes", "resource__config")
    rows = list(revisions.order_by("-pk")[: ROWS + 1])
    context = {
        "title": "What is not announced",
        "balances": reconcile(now=now),
        "revisions": rows[:ROWS],
        "older": rows[ROWS - 1].pk if len(rows) > ROWS else None,
        "calls": calls_without_effect(now=now),
        "troubles": list(troubles()),
    }
    return render_page(request, "security/unannounced.html", context)
