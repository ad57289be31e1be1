"""The admin pages of silences. What is saved, ended or extended goes by the deeds."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.admin import SimpleListFilter
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from alerts.change import end_silence, save_silence
from alerts.models import Silence
from alerts.policy_forms import SilenceForm
from alerts.silence import count_held, extend_silence
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import is_administrator, responding_teams
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import display, register
from opsportal.lib.errors import OpsError
from opsportal.lib.times import format_duration, utc_now

_EXTENSIONS = {"1h": timedelta(hours=1), "4h": timedelta(hours=4), "1d": timedelta(days=1)}
_STATE_LABELS = {"active": "success", "pending": "info", "expired": "default"}


class StateFilter(SimpleListFilter):
    """Those that are not over, unless the others are asked for."""

    title = "state"
    parameter_name = "over"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Beside those that are not over."""
        return [("yes", "Expired"), ("all", "All")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The first is not called "All" here."""
        first, *others = super().choices(changelist)
        yield {**first, "display": "Active and pending"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Silence]) -> QuerySet[Silence]:
        """What was chosen."""
        rest = Q(ended_at=None) & (Q(ends_at=None) | Q(ends_at__gt=utc_now()))
        if self.value() == "all":
            return queryset
        return queryset.filter(~rest if self.value() == "yes" else rest)


class _WithHits:
    """A page of the list, whose silences know what they hit."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """One query for all of the page."""
        super().get_results(request)  # type: ignore[misc]
        now = utc_now()
        self.result_list = list(self.result_list)
        hits = count_held([found for found in self.result_list if not found.over_at(now)])
        for found in self.result_list:
            found.hits_now = hits.get(found.pk, "")


@register(Silence)
class SilenceAdmin(TeamOwnedAdmin):
    """Silences: tried out before they are saved, ended or extended with a button."""

    form = SilenceForm
    list_display = ["name", "match", "state", "until", "hits", "team", "author"]
    list_select_related = ["team"]
    list_filter = [StateFilter, "team"]
    search_fields = ["name", "match", "comment", "author"]
    sortable_by = ()
    actions: Any = None
    change_form_outer_before_template = "alerts/silence_state.html"
    change_form_before_template = "alerts/silence_preview.html"
    fieldsets = [
        (None, {"fields": ["match", "comment", ("starts_at", "ends_at"), "team"]}),
        ("Recurring", {"fields": ["recurrence", ("duration", "zone")]}),
        ("More", {"fields": ["end_when_unmatched", "name"]}),
    ]

    class Media:
        css = {"all": ["opsportal/policies.css"]}

    @display(description="state", label=_STATE_LABELS)
    def state(self, silence: Silence) -> str:
        """Where it stands."""
        return silence.state_at(utc_now())

    @display(description="until")
    def until(self, silence: Silence) -> str:
        """When it ends, and how long that is."""
        return until_text(silence, utc_now())

    @display(description="hits now")
    def hits(self, silence: Any) -> str:
        """How many open alerts it matches."""
        return str(getattr(silence, "hits_now", ""))

    def own_teams(self, request: HttpRequest) -> frozenset[int]:
        """Responders silence for their teams."""
        return responding_teams(request.user)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """The list, with what each silence hits."""
        return type("SilenceList", (_WithHits, super().get_changelist(request, **kwargs)), {})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """From now on for two hours; for one's team, if there is but one."""
        initial = {"starts_at": "+0s", "ends_at": "+2h"}
        mine = list(responding_teams(request.user))
        if len(mine) == 1 and not is_administrator(request.user):
            initial["team"] = str(mine[0])
        given = super().get_changeform_initial_data(request)
        return initial | {name: str(value).replace("\0", "") for name, value in given.items()}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Silences are ended, and kept."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not of one that is over: a copy of it is another one."""
        over = obj is not None and obj.over_at(utc_now())
        return not over and super().has_change_permission(request, obj)

    def get_urls(self) -> Any:
        """With the buttons' own."""
        ended = self.admin_site.admin_view(self.end_view)
        extended = self.admin_site.admin_view(self.extend_view)
        return [
            path("<int:pk>/end/", ended, name="alerts_silence_end"),
            path("<int:pk>/extend/", extended, name="alerts_silence_extend"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """With where it stands."""
        if obj is not None:
            now = utc_now()
            may_press = not obj.over_at(now) and super().has_change_permission(request, obj)
            state = {"silence_state": obj.state_at(now), "silence_until": until_text(obj, now)}
            context = {**context, **state, "may_press": may_press}
        answer: HttpResponse = super().render_change_form(
            request, context, *args, obj=obj, **kwargs
        )
        return answer

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed, which may put another in its place."""
        before = obj.pk
        save_silence(obj, actor=actor_of(request), now=utc_now())
        if change and obj.pk != before:
            messages.info(request, "The old silence was ended, and this one made in its place.")

    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End it now."""

        def end(silence: Silence) -> str:
            ended = end_silence(silence, actor=actor_of(request), now=utc_now())
            return "The silence is over." if ended else "The silence was over before."

        return self._press(request, pk, end)

    def extend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let it end later."""

        def extend(silence: Silence) -> str:
            by = request.POST.get("by", "")
            if by not in _EXTENSIONS:
                raise OpsError(f"Extend it by one of {', '.join(_EXTENSIONS)}.")
            extend_silence(silence, _EXTENSIONS[by], actor=actor_of(request), now=utc_now())
            return f"The silence now ends at {silence.ends_at:%Y-%m-%d %H:%M} UTC."

        return self._press(request, pk, extend)

    def _press(self, request: HttpRequest, pk: int, deed: Any) -> HttpResponse:
        silence = self.get_object(request, str(pk))
        if silence is None:
            raise Http404
        if not super().has_change_permission(request, silence):
            raise PermissionDenied
        if request.method == "POST":
            try:
                messages.success(request, deed(silence))
            except OpsError as error:
                messages.error(request, error.message)
        return HttpResponseRedirect(reverse("admin:alerts_silence_change", args=[pk]))


def until_text(silence: Silence, now: datetime) -> str:
    """The end, and what is left of it; of a recurring one, the end of this time or the next."""
    if silence.over_at(now):
        over = min(end for end in (silence.ended_at, silence.ends_at) if end is not None)
        return f"ended {over:%Y-%m-%d %H:%M}"
    if silence.times is not None:
        window = silence.window_at(now)
        if window is not None:
            return f"{window[1]:%Y-%m-%d %H:%M}, {format_duration(window[1] - now)} left"
        following = silence.times.next_windows(now, 1)
        return f"next {following[0][0]:%Y-%m-%d %H:%M}" if following else "never again"
    if silence.starts_at > now:
        return f"from {silence.starts_at:%Y-%m-%d %H:%M}"
    end = silence.ends_at or now
    return f"{end:%Y-%m-%d %H:%M}, {format_duration(end - now)} left"
