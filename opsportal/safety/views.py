"""Pages: the switch, the locks, what is under way."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_respond, is_administrator
from opsportal.lib.errors import OpsError
from opsportal.lib.times import utc_now
from opsportal.safety.leash import leashed, set_leash
from opsportal.safety.models import CLOSED, Leash, Operation, Stop, Suspension
from opsportal.safety.score import lift_suspension
from opsportal.safety.stop import resume_everything, stop_everything, stop_file

MOST = 50


@portal_page
@require_safe
def show_safety(request: HttpRequest) -> HttpResponse:
    """All brakes on one page."""
    rows = {leash.name: leash for leash in Leash.objects.all()}
    operations = Operation.objects.select_related("team").defer("checks", "calls")
    context = {
        "title": "Safety",
        "locks": [(name, label, rows.get(name)) for name, label in leashed().items()],
        "open": operations.exclude(state__in=CLOSED)[:MOST],
        "latest": operations.filter(state__in=CLOSED)[:20],
        "suspensions": Suspension.objects.filter(lifted_at=None)[:MOST],
        "stops": Stop.objects.filter(ended_at__isnull=False)[:5],
        "file": stop_file(),
    }
    return render_page(request, "safety/safety.html", context)


@portal_page
@require_safe
def show_operation(request: HttpRequest, operation_id: int) -> HttpResponse:
    """One operation with its journal."""
    operation = Operation.objects.select_related("team").filter(pk=operation_id).first()
    if operation is None:
        raise Http404("no such operation")
    return render_page(request, "safety/operation.html", operation_context(operation))


def operation_context(operation: Operation) -> dict[str, Any]:
    """What a page that shows an operation needs."""
    return {
        "title": f"Operation {operation.pk}",
        "operation": operation,
        "journal": operation.journal.all()[:200],
        "approval": getattr(operation, "approval", None),
    }


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_stop(request: HttpRequest) -> HttpResponse:
    """Asks once, then stops."""
    if not can_respond(request.user, None):
        raise PermissionDenied("Only responders may stop everything.")
    if request.method != "POST":
        return render_page(request, "safety/stop.html", {"title": "Stop everything"})
    why = request.POST.get("why", "")
    stop_everything(why, actor=actor_of(request), now=utc_now())
    messages.warning(request, "Everything dangerous is stopped.")
    return HttpResponseRedirect(reverse("safety"))


@portal_page
@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    """For administrators."""
    return _press(
        request,
        lambda: resume_everything(actor=actor_of(request), now=utc_now()),
        "Resumed. What was stopped is not started again.",
    )


@portal_page
@require_POST
def change_lock(request: HttpRequest) -> HttpResponse:
    """Arm or leash."""
    name, armed = request.POST.get("name", ""), request.POST.get("armed") == "1"
    return _press(
        request,
        lambda: set_leash(name, armed=armed, actor=actor_of(request), now=utc_now()),
        f"{name} is {'armed' if armed else 'only simulated'} now.",
    )


@portal_page
@require_POST
def lift(request: HttpRequest, suspension_id: int) -> HttpResponse:
    """Let a suspended requester begin anew."""
    if not Suspension.objects.filter(pk=suspension_id).exists():
        raise Http404("no such suspension")
    return _press(
        request,
        lambda: lift_suspension(suspension_id, actor=actor_of(request), now=utc_now()),
        "The suspension is lifted.",
    )


def _press(request: HttpRequest, deed: Callable[[], object], done: str) -> HttpResponse:
    if not is_administrator(request.user):
        raise PermissionDenied("Only administrators may do this.")
    try:
        deed()
    except OpsError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)
    return HttpResponseRedirect(reverse("safety"))
