"""One change: what it was, who did it, when, and what stands around it."""

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from chronos.around import look_around
from chronos.models import ChangeEvent
from chronos.views.values import compare, tree
from chronos.views.window import interval
from opsportal.accounts.pages import portal_page, render_page

_LARGEST = 2**63 - 1
_NEAR = timedelta(minutes=30)


@portal_page
@require_safe
def show_change(request: HttpRequest, event_id: int) -> HttpResponse:
    """The page of one change."""
    found = ChangeEvent.objects.filter(pk=event_id) if event_id <= _LARGEST else None
    event = found.first() if found is not None else None
    if event is None:
        raise Http404("no such change")
    around = look_around(event)
    changed = event.before is not None or event.after is not None
    context = {
        "title": f"Change {event.pk}",
        "event": event,
        "around": around,
        "links": [
            link
            for link in around.links
            if not link.permission or request.user.has_perm(link.permission)
        ],
        "comparison": compare(event.before, event.after) if changed else None,
        "data": tree(event.data) if event.data else "",
        # Half an hour on either side of it.
        "there": interval(event.started_at - _NEAR, (event.ended_at or event.started_at) + _NEAR),
    }
    return render_page(request, "chronos/change.html", context)
