"""Saved views: the select of the console, and what changes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from alerts.change.saved_views import delete_view, save_view
from alerts.models import SavedView
from alerts.views.rows import number_of
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import Team, User
from opsportal.accounts.pages import portal_page
from opsportal.accounts.permissions import can_respond, is_administrator, roles_of
from opsportal.lib.errors import OpsError
from opsportal.lib.times import utc_now

# Where in the list one stands is no part of a view.
_PASSING = {"after", "before"}
_MOST = 100


@dataclass(frozen=True, slots=True)
class ListedView:
    """A view in the select."""

    view: SavedView
    current: bool
    may_change: bool


def plain_query(query: str) -> str:
    """A query string without the place in the list, in one spelling."""
    pairs = parse_qsl(query, keep_blank_values=False, max_num_fields=200)
    return urlencode([(name, value) for name, value in pairs if name not in _PASSING])


def listed_views(request: HttpRequest) -> Sequence[ListedView]:
    """The person's own views and those of the person's teams."""
    here = plain_query(request.META["QUERY_STRING"])
    found = SavedView.objects.filter(Q(user=request.user.pk) | Q(team__in=_teams(request)))
    return [
        ListedView(view, view.query == here, _may_change(request, view))
        for view in found.select_related("team").order_by(
            F("team__name").asc(nulls_first=True), "name"
        )[:_MOST]
    ]


def teams_to_save_for(request: HttpRequest) -> Sequence[tuple[int, str]]:
    """The teams in whose name the person may save a view."""
    names = Team.objects.filter(pk__in=_teams(request)).values_list("pk", "name")
    return [(pk, name) for pk, name in names[:200] if can_respond(request.user, pk)]


def _teams(request: HttpRequest) -> Sequence[int]:
    if is_administrator(request.user):
        return list(Team.objects.values_list("pk", flat=True))
    return list(roles_of(request.user))


def _may_change(request: HttpRequest, view: SavedView) -> bool:
    if view.team_id is None:
        return view.user_id == request.user.pk
    return can_respond(request.user, view.team_id)


@portal_page
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Save the search the person looks at, under a name; the same name again replaces it."""
    name, query = request.POST.get("name", "").strip(), request.POST.get("query", "")
    try:
        query = plain_query(query)
    except ValueError:
        query = ""
    team_id = number_of(request.POST.get("team", ""))
    if team_id is not None and not can_respond(request.user, team_id):
        raise PermissionDenied("Only responders of the team may save its views.")
    user = request.user if isinstance(request.user, User) and team_id is None else None
    owner = {"user": user, "team_id": team_id}
    # PostgreSQL cannot even be asked for a text with NUL; the deed says so.
    known = None if "\0" in name else SavedView.objects.filter(name=name, **owner).first()
    view = known or SavedView(name=name, **owner)
    view.query = query
    return _change(request, view, f"The view {name} is saved.")


@portal_page
@require_POST
def change(request: HttpRequest, view_id: int) -> HttpResponse:
    """Rename a view, or forget it."""
    view = SavedView.objects.filter(pk=view_id).select_related("team", "user").first()
    if view is None:
        raise Http404("no such view")
    if not _may_change(request, view):
        raise PermissionDenied("This view is not yours to change.")
    if request.POST.get("action") == "delete":
        delete_view(view, actor=actor_of(request), now=utc_now())
        messages.success(request, f"The view {view.name} is forgotten.")
        return HttpResponseRedirect("/alerts/")
    view.name = request.POST.get("name", "")
    return _change(request, view, f"The view is called {view.name.strip()} now.")


def _change(request: HttpRequest, view: SavedView, done: str) -> HttpResponse:
    try:
        save_view(view, actor=actor_of(request), now=utc_now())
    except OpsError as error:
        messages.error(request, error.message)
        return HttpResponseRedirect(f"/alerts/?{view.query}")
    messages.success(request, done)
    return HttpResponseRedirect(view.get_absolute_url())
