"""The admin pages of rules. What is saved here goes through `alerts.change`, as from a file."""

from typing import Any

from django import forms
from django.http import HttpRequest

from alerts.change import complaint_of_action, delete_rule, save_rule
from alerts.matcher_widget import MatcherField
from alerts.models import Rule, RuleAction
from opsportal.accounts.actors import actor_of
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import TabularInline, display, register
from opsportal.lib.times import utc_now


class RuleForm(forms.ModelForm):
    """A rule; its matchers are read before anything is stored."""

    match = MatcherField()

    class Meta:
        model = Rule
        fields = ["name", "match", "order", "stop", "enabled", "team"]
        help_texts = {"order": "Rules with a lower number are asked first."}


class ActionForm(forms.ModelForm):
    """One action; what does not belong to its kind is dropped."""

    class Meta:
        model = RuleAction
        fields = ["kind", "channel", "field", "value"]
        help_texts = {"value": "The reason, or the new value; empty removes it."}

    def clean(self) -> dict[str, Any]:
        """Brought into the form of its kind, or told what it lacks."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors or not found.get("kind"):
            return found
        action = RuleAction(**{name: found.get(name) for name in self.Meta.fields})
        complaint = complaint_of_action(action)
        if complaint:
            raise forms.ValidationError(complaint)
        kept = {name: getattr(action, name) for name in self.Meta.fields}
        self.cleaned_data = {**found, **kept}
        return self.cleaned_data


class ActionInline(TabularInline):
    """What the rule does, in order."""

    model = RuleAction
    form = ActionForm
    fields = ["kind", "channel", "field", "value"]
    extra = 0
    hide_title = True
    verbose_name = "action"
    verbose_name_plural = "actions"

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """A new rule starts with one row to fill in."""
        return 0 if obj else 1

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
    fields = ["name", "match", ("order", "team"), ("enabled", "stop")]
    actions: Any = None

    class Media:
        js = ["opsportal/rule-form.js"]

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
            for row in formset.forms:
                facts = getattr(row, "cleaned_data", {})
                if facts.get("kind") and not facts.get("DELETE"):
                    names = ActionForm.Meta.fields
                    actions.append(RuleAction(**{name: facts[name] for name in names}))
        save_rule(form.instance, actions, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_rule(obj, actor=actor_of(request), now=utc_now())
