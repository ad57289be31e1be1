"""The admin pages of rules. What is saved here goes through `alerts.change`, as from a file."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_POST

from alerts.change import delete_rule, save_rule
from alerts.models import Rule, RuleAction
from alerts.rule_form import ActionForm, RuleForm, actions_of
from alerts.rule_preview_page import show_preview
from opsportal.accounts.actors import actor_of
from opsportal.accounts.team_owned_admin import OwnersInline, TeamOwnedAdmin
from opsportal.lib.admin import register
from opsportal.lib.times import utc_now


class ActionInline(OwnersInline):
    """What the rule does, in order."""

    model = RuleAction
    form = ActionForm
    template = "alerts/rule_actions.html"
    fields = [
        "kind", "channel", "team", "field", "plugin", "value",
        "parameters", "dry_run", "approval",
    ]  # fmt: skip
    of = "rule"
    hide_title = False
    verbose_name = "action"
    verbose_name_plural = "actions"

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Channels and teams are chosen here, not edited."""
        formset = super().get_formset(request, obj, **kwargs)
        for name in ("channel", "team"):
            if name in formset.form.base_fields:
                for verb in ("add", "change", "delete", "view"):
                    setattr(formset.form.base_fields[name].widget, f"can_{verb}_related", False)
        return formset


@register(Rule)
class RuleAdmin(TeamOwnedAdmin):
    """Rules, in the order they are asked."""

    form = RuleForm
    inlines = [ActionInline]
    change_list_template = "alerts/rule_list.html"
    change_form_outer_before_template = "alerts/rule_bar.html"
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

    def get_urls(self) -> Any:
        """With the preview's."""
        preview = self.admin_site.admin_view(require_POST(self.preview_view))
        return [
            path("preview/", preview, name="alerts_rule_preview"),
            path("<int:pk>/preview/", preview, name="alerts_rule_preview_changed"),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest, pk: int = 0) -> HttpResponse:
        """What the form's rule would have done; nothing is stored."""
        rule = self.get_object(request, str(pk)) if pk else None
        if pk and rule is None:
            raise Http404("no such rule")
        if not (
            self.has_change_permission(request, rule) if rule else self.has_add_permission(request)
        ):
            raise PermissionDenied
        form = self.get_form(request, rule, change=bool(rule))(request.POST, instance=rule)
        valid = form.is_valid()
        formsets, _ = self._create_formsets(request, form.instance, change=bool(rule))
        valid = all(formset.is_valid() for formset in formsets) and valid
        complaints = [*form.errors.items()]
        for formset in formsets:
            complaints += [
                (f"action {number}", errors)
                for number, row in enumerate(formset.forms, 1)
                for errors in row.errors.values()
            ]
        actions = [action for formset in formsets for action in actions_of(formset)]
        return show_preview(request, form.instance, actions if valid else None, complaints)

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
