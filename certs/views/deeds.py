"""What people do with a certificate on its page: retire it, say whose it is, what replaces it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from certs.models import Certificate
from certs.own import free_owner, set_owner
from certs.renew import free_replacement, pin_replacement
from certs.retire import retire_certificate, unretire_certificate
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import Team
from opsportal.accounts.pages import portal_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.errors import OpsError
from opsportal.lib.times import utc_now


@portal_page
@require_POST
def retire(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """Retire it, or take it back."""
    row = _find(request, certificate_id)
    if request.POST.get("back"):
        return _done(request, row, unretire_certificate, "It is judged again.")
    reason = request.POST.get("reason", "")
    return _done(request, row, retire_certificate, "Nothing of it alerts any more.", reason)


@portal_page
@require_POST
def own(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """Say whose it is, or let the rules say it again."""
    row = _find(request, certificate_id)
    if request.POST.get("back"):
        return _done(request, row, free_owner, "Rules say whose it is, from the next sweep on.")
    name = request.POST.get("team", "")
    team = None if "\0" in name else Team.objects.filter(name=name).first()
    if team is None:
        messages.error(request, "There is no such team.")
        return HttpResponseRedirect(row.get_absolute_url())
    return _done(
        request, row, set_owner, f"It is {team.name}'s.", team,
        environment=request.POST.get("environment", ""), service=request.POST.get("service", ""),
    )  # fmt: skip


@portal_page
@require_POST
def replace(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """Say what replaces it, or let the names say it again."""
    row = _find(request, certificate_id)
    if request.POST.get("back"):
        return _done(request, row, free_replacement, "Its names say what replaces it.")
    by = request.POST.get("by", "")
    if not (by.isascii() and by.isdigit() and len(by) < 19):
        messages.error(request, "There is no such certificate.")
        return HttpResponseRedirect(row.get_absolute_url())
    return _done(request, row, pin_replacement, "It is renewed.", int(by))


def _find(request: HttpRequest, certificate_id: int) -> Certificate:
    row = get_object_or_404(Certificate.objects.defer("der"), pk=certificate_id)
    if not can_respond(request.user, row.team_id):
        raise PermissionDenied("Only responders of the certificate's team may do this.")
    return row


def _done(
    request: HttpRequest, row: Certificate, deed: Callable[..., Any], done: str, *given: Any,
    **more: Any,
) -> HttpResponse:  # fmt: skip
    try:
        deed(row.pk, *given, actor=actor_of(request), now=utc_now(), **more)
    except OpsError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)
    return HttpResponseRedirect(row.get_absolute_url())
