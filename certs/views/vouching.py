"""The button of a certificate that only a log knows."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from certs.models import Certificate
from certs.vouch import vouch_for
from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.times import utc_now


@portal_page
@require_POST
def vouch(request: HttpRequest, certificate_pk: int) -> HttpResponse:
    """It is ours."""
    row = get_object_or_404(Certificate.objects.defer("der"), pk=certificate_pk)
    if not can_respond(request.user, row.team_id):
        raise PermissionDenied("Responders say that a certificate is ours.")
    if vouch_for(row, actor=actor_of(request), now=utc_now()):
        messages.success(request, "Noted: it is ours, and so is whatever has its key.")
    else:
        messages.info(request, f"{row.vouched_by or 'Somebody'} has said so already.")
    return HttpResponseRedirect(row.get_absolute_url())
