"""One remediation: its plan, its checks, its journal, and the buttons for a person's word."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from alerts.models import Remediation
from alerts.remediate import approve_remediation, reject_remediation, settle_remediation
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import User
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.errors import OpsError, PayloadError
from opsportal.lib.times import utc_now
from opsportal.safety.models import Operation
from opsportal.safety.score import success_rate


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def show_remediation(request: HttpRequest, remediation_id: int) -> HttpResponse:
    """The page of one remediation; POST: approve, reject or settle."""
    found = Remediation.objects.select_related("rule", "alert", "operation__team")
    row = found.filter(pk=remediation_id).first()
    if row is None:
        raise Http404("no such remediation")
    operation = row.operation
    may_decide = operation is not None and can_respond(request.user, operation.team_id)
    if request.method == "POST":
        if not may_decide:
            raise PermissionDenied("Only responders of the team may do this.")
        return _decide(request, row)
    helped, count = success_rate(f"alerts.rule:{row.rule_id}") if row.rule_id else (0, 0)
    context = {
        "title": f"Remediation {row.pk}",
        "remediation": row,
        "operation": operation,
        "journal": operation.journal.all()[:200] if operation else (),
        "approval": getattr(operation, "approval", None),
        "may_decide": may_decide,
        "waits": operation is not None and operation.state == Operation.State.WAITING,
        "unknown": operation is not None and operation.state == Operation.State.UNKNOWN,
        "expired": operation is not None and operation.expires_at <= utc_now(),
        "helped": helped,
        "count": count,
    }
    return render_page(request, "alerts/remediation.html", context)


def _decide(request: HttpRequest, row: Remediation) -> HttpResponse:
    try:
        messages.success(request, _press(request, row))
    except OpsError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(row.get_absolute_url())


def _press(request: HttpRequest, row: Remediation) -> str:
    action, plan_hash = request.POST.get("action", ""), request.POST.get("hash", "")
    actor, now, note = (
        actor_of(request),
        utc_now(),
        request.POST.get("note", "").replace("\0", "")[:1000],
    )
    user = request.user if isinstance(request.user, User) else None
    if action == "approve":
        approve_remediation(row, plan_hash, user=user, actor=actor, now=now, note=note)
        return "Approved: it is done, or simulated, in a moment."
    if action == "reject":
        reject_remediation(row, plan_hash, user=user, actor=actor, now=now, note=note)
        return "Rejected: it is not done."
    if action in {"done", "not done"}:
        settle_remediation(row, done=action == "done", actor=actor, now=now)
        return f"Noted: it was {action}."
    raise PayloadError("Choose what to do.")
