"""Change windows: read here, opened by reports of changes, ended early with a button."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.text import Truncator

from alerts.models import ChangeWindow
from alerts.windows import end_window
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import is_administrator, responding_teams
from opsportal.lib.admin import ReadOnlyAdmin, display, register
from opsportal.lib.times import utc_now

_STATE_LABELS = {"active": "success", "pending": "info", "over": "default"}


@register(ChangeWindow)
class ChangeWindowAdmin(ReadOnlyAdmin):
    """What changes hold back."""

    list_display = ["change", "match", "state", "starts_at", "ends_at", "team", "author"]
    list_select_related = ["team"]
    list_filter = ["team"]
    search_fields = ["title", "match", "author"]
    sortable_by = ()
    change_form_outer_before_template = "alerts/window_state.html"

    @display(description="change")
    def change(self, window: ChangeWindow) -> str:
        """Its number, and what it is about."""
        return f"{window.event_id} {Truncator(window.title).chars(60)}"

    @display(description="state", label=_STATE_LABELS)
    def state(self, window: ChangeWindow) -> str:
        """Whether it holds now."""
        now = utc_now()
        if now >= window.ends_at:
            return "over"
        return "active" if now >= window.starts_at else "pending"

    def get_urls(self) -> Any:
        """With the button's own."""
        ended = self.admin_site.admin_view(self.end_view)
        return [
            path("<int:pk>/end/", ended, name="alerts_changewindow_end"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """With the button, for who may press it."""
        if obj is not None:
            pressable = utc_now() < obj.ends_at and _may_end(request, obj)
            context |= {"window_state": self.state(obj), "may_press": pressable}
        answer: HttpResponse = super().render_change_form(
            request, context, *args, obj=obj, **kwargs
        )
        return answer

    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End it now."""
        window = self.get_object(request, str(pk))
        if window is None:
            raise Http404
        if not _may_end(request, window):
            raise PermissionDenied
        if request.method == "POST":
            ended = end_window(window, actor=actor_of(request), now=utc_now())
            said = "What still fires is told." if ended else "It was over before."
            messages.success(request, said)
        return HttpResponseRedirect(reverse("admin:alerts_changewindow_change", args=[pk]))


def _may_end(request: HttpRequest, window: ChangeWindow) -> bool:
    """Who could silence the same alerts; of all alerts, any responder, since more is told then."""
    mine = responding_teams(request.user)
    return is_administrator(request.user) or (
        bool(mine) if window.team_id is None else window.team_id in mine
    )
