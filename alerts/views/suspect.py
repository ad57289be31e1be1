"""A person says of a suspect that it was the cause, or was not."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from alerts.models import Alert
from alerts.suspect import judge_suspect
from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.errors import NotFoundError, PayloadError
from opsportal.lib.times import utc_now


@portal_page
@require_POST
def judge(request: HttpRequest, alert_id: int, change_id: int) -> HttpResponse:
    """Keep the verdict and show the alert again."""
    alert = Alert.objects.filter(pk=alert_id).first()
    if alert is None:
        raise Http404("no such alert")
    if not can_respond(request.user, alert.team_id):
        raise PermissionDenied
    verdict = request.POST.get("verdict", "")
    try:
        judge_suspect(alert, change_id, verdict, actor=actor_of(request), now=utc_now())
    except NotFoundError as gone:
        raise Http404(gone.message) from gone
    except PayloadError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(f"/alerts/{alert.pk}/")
