"""Accepting what was ticked: first what it is, with its evidence, then for what reason."""

import json
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_administer
from opsportal.lib.api import parse_future
from opsportal.lib.errors import FieldError, OpsError, PayloadError
from opsportal.lib.times import utc_now
from security.accept import LONGEST, MOST_AT_ONCE, Terms, accept_findings
from security.models import Finding
from security.models.finding import APPROVED_FROM
from security.views.findings import check_labels

_USUAL = timedelta(days=90)


@portal_page
@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    """Show what is to be accepted; and, once a reason is given, accept it."""
    texts = request.POST.getlist("finding")[: MOST_AT_ONCE + 1]
    ids = {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19}
    found = Finding.objects.select_related("resource", "account__team", "introduced_by")
    rows = list(found.filter(pk__in=ids).order_by("-score", "pk"))
    if not rows or len(ids) > MOST_AT_ONCE:
        messages.error(request, f"Tick 1 to {MOST_AT_ONCE} findings.")
        return HttpResponseRedirect(reverse("security-findings"))
    if refused := [row for row in rows if not can_administer(request.user, row.account.team_id)]:
        raise PermissionDenied(
            f"Risks of {refused[0].account.name} are accepted by admins of its team."
        )
    errors: list[FieldError] = []
    if "decide" in request.POST:
        try:
            made = accept_findings(rows, _terms(request), actor=actor_of(request), now=utc_now())
        except OpsError as error:
            errors = list(getattr(error, "errors", ())) or [FieldError("", error.message)]
        else:
            waiting = sum(row.is_waiting for row in made)
            said = f"{len(made)} accepted."
            if waiting:
                said += f" {waiting} of them wait for the word of a second person."
            messages.success(request, said)
            return HttpResponseRedirect(reverse("security-acceptances"))
    context = {
        "title": "Accept risks",
        "rows": [(row, json.dumps(row.evidence, indent=1, ensure_ascii=False)) for row in rows],
        "errors": errors,
        "given": request.POST,
        "until": (utc_now() + _USUAL).date().isoformat(),
        "latest": (utc_now() + LONGEST).date().isoformat(),
        "grave": any(row.score >= APPROVED_FROM for row in rows),
        "approved_from": APPROVED_FROM,
        "labels": check_labels(),
    }
    return render_page(request, "security/accept.html", context, status=400 if errors else 200)


def _terms(request: HttpRequest) -> Terms:
    text = request.POST.get("expires_at", "")
    if not text:
        raise PayloadError(
            "expires_at: say until when", [FieldError("expires_at", "say until when")]
        )
    until = parse_future(text, now=utc_now(), field="expires_at")
    return Terms(request.POST.get("reason", ""), until, request.POST.get("ticket", ""))
