"""The admin pages of rules. What is saved here goes through `alerts.change`, as from a file."""

from typing import Any

from django.http import HttpRequest

from alerts.change import delete_rule, save_rule
from alerts.models import Rule, RuleAction
from alerts.rule_form import ActionForm, RuleForm, actions_of
from opsportal.accounts.actors import actor_of
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import StackedInline, display, register
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
    list_display = ["name", "order", "match", "does", "stops", "state", "team"]
    list_select_related = ["team"]
    list_filter = ["enabled", "team"]
    search_fields = ["name", "match"]
    ordering = ["order", "id"]
    fieldsets = [
        (None, {"fields": ["name", "match", ("team", "order"), ("enabled", "stop")]}),
        ("When", {"fields": ["active_times"]}),
        ("Grouping", {"fields": ["group_by", ("group_wait", "group_interval")]}),
    ]
    actions: Any = None

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what the list shows of the actions."""
        return super().get_queryset(request).prefetch_related("actions__channel")

    @display(description="does")
    def does(self, rule: Rule) -> str:
        """The actions in a line."""
        texts = {"notify": "notify {0.channel}", "suppress": "suppress: {0.value}"}
        other = "set {0.field} = {0.value}"
        found = [texts.get(action.kind, other).format(action) for action in rule.actions.all()]
        return ", ".join(found) or "nothing"

    @display(description="then")
    def stops(self, rule: Rule) -> str:
        """Whether later rules are asked."""
        return "stops" if rule.stop else ""

    @display(description="state", label={"on": "success", "off": "danger"})
    def state(self, rule: Rule) -> str:
        """Whether it is asked at all."""
        return "on" if rule.enabled else "off"

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
