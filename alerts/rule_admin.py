"""The admin pages of rules. What is saved here goes through `alerts.change`, as from a file."""

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse

from alerts.change import delete_rule, save_rule
from alerts.models import Rule, RuleAction
from alerts.rule_form import ActionForm, RuleForm, actions_of
from opsportal.accounts.actors import actor_of
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import StackedInline, register
from opsportal.lib.times import utc_now


class ActionInline(StackedInline):
    """What the rule does, in order."""

    model = RuleAction
    form = ActionForm
    template = "alerts/rule_actions.html"
    fields = [
        "kind", "channel", "team", "field", "plugin", "value",
        "parameters", "dry_run", "approval",
    ]  # fmt: skip
    extra = 0
    verbose_name = "action"
    verbose_name_plural = "actions"

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """A new rule starts with one row to fill in."""
        return 0 if obj else 1

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Channels and teams are chosen here, not edited."""
        formset = super().get_formset(request, obj, **kwargs)
        for name in ("channel", "team"):
            if name in formset.form.base_fields:
                for verb in ("add", "change", "delete", "view"):
                    setattr(formset.form.base_fields[name].widget, f"can_{verb}_related", False)
        return formset

    def _may(self, request: HttpRequest, obj: Any) -> bool:
        return request.user.has_perm("alerts.change_rule", obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the rule."""
        return self._may(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the rule."""
        return self._may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the rule."""
        return self._may(request, obj)


@register(Rule)
class RuleAdmin(TeamOwnedAdmin):
    """Rules, in the order they are asked."""

    form = RuleForm
    inlines = [ActionInline]
    change_list_template = "alerts/rule_list.html"
    list_display = ["name"]
    list_select_related = ["team"]
    list_filter = ["enabled", "team"]
    search_fields = ["name", "match"]
    ordering = ["order", "id"]
    sortable_by = ()
    # All on one page, so that they can be put in order.
    list_per_page = list_max_show_all = 1_000
    fieldsets = [
        (None, {"fields": ["name", "match", ("team", "order"), ("enabled", "stop")]}),
        ("When", {"fields": ["active_times"]}),
        ("Grouping", {"fields": ["group_by", ("group_wait", "group_interval")]}),
    ]
    actions: Any = None

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what the list shows of the actions."""
        actions = RuleAction.objects.select_related("channel", "team").defer("channel__settings")
        return super().get_queryset(request).prefetch_related(Prefetch("actions", actions))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list; it can be put in order while all of it is shown."""
        orderable = not request.GET and self.has_change_permission(request)
        context = {"orderable": orderable, **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing yet: a rule is stored with its actions, by one deed."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Store the rule and its actions."""
        actions = []
        for formset in formsets:
            formset.save(commit=False)  # so that it knows what was changed
            actions += actions_of(formset)
        save_rule(form.instance, actions, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_rule(obj, actor=actor_of(request), now=utc_now())
