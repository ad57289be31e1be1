"""The forms of a rule and of its actions."""

from typing import Any

from django import forms

from alerts.change import complaint_of_action
from alerts.form_fields import HoursField, LabelsField, ParametersField
from alerts.matcher_widget import MatcherField
from alerts.models import Rule, RuleAction
from opsportal.lib.registry import choices
from opsportal.lib.time_fields import DurationField

# Of the model; a remediation's plug-in is chosen in a field of its own.
ACTION_FIELDS = (
    "kind", "channel", "team", "field", "value", "parameters", "dry_run", "approval",
)  # fmt: skip


class RuleForm(forms.ModelForm):
    """A rule; its matchers, times and grouping are read before anything is stored."""

    match = MatcherField()
    active_times = HoursField(
        label="Only at these times",
        help_text="mon-fri 09:00-17:00 Europe/Berlin; sat 10:00-14:00. Empty: always. "
        "An end before its start is on the next day; without a zone it is UTC.",
    )
    group_by = LabelsField(
        label="Group by",
        help_text="Labels, parted by commas: alerts that share their values make one message. "
        "Empty: a message for each alert.",
    )
    group_wait = DurationField(
        label="First wait", help_text="How long the first message waits for more: 10s. At most 1h."
    )
    group_interval = DurationField(
        label="Then every", help_text="Between two messages of a group: 5m. From 10s to 7d."
    )

    class Meta:
        model = Rule
        fields = [
            "name", "match", "order", "stop", "enabled", "team",
            "active_times", "group_by", "group_wait", "group_interval",
        ]  # fmt: skip
        help_texts = {"order": "Rules with a lower number are asked first."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Who posts without them means what the rule has, or a new rule's usual times.
        for name in ("group_wait", "group_interval"):
            if name in self.fields:
                self.fields[name].required = False
                self.fields[name].initial = getattr(self.instance, name)

    def clean(self) -> dict[str, Any]:
        """Grouping times that are left empty stay as they are."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("group_wait", "group_interval"):
            if name in found and found[name] is None:
                found[name] = getattr(self.instance, name)
        return found


def remediation_choices() -> list[tuple[str, str]]:
    """The remediation plug-ins, after nothing chosen."""
    return [("", "---------"), *choices("REMEDIATIONS")]


class ActionForm(forms.ModelForm):
    """One action; what does not belong to its kind is dropped."""

    plugin = forms.ChoiceField(label="Remediation", choices=remediation_choices, required=False)
    parameters = ParametersField(label="With", help_text="Keys and values, as YAML or JSON.")

    class Meta:
        model = RuleAction
        fields = ["kind", "channel", "team", "field", "value", "dry_run", "approval", "parameters"]
        help_texts = {
            "value": "The reason, or the new value; empty removes it.",
            "dry_run": "Only say what would be done.",
            "approval": "Whether a person must agree first.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.kind == RuleAction.Kind.REMEDIATE:
            self.initial["plugin"], self.initial["value"] = self.instance.value, ""
        if "approval" in self.fields:
            self.fields["approval"].required = False

    def has_changed(self) -> bool:
        """A row in which nothing but a switch was touched is still empty."""
        return bool(set(self.changed_data) - {"dry_run", "approval"})

    def clean(self) -> dict[str, Any]:
        """Brought into the form of its kind, or told what it lacks."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors or not found.get("kind"):
            return found
        if found["kind"] == RuleAction.Kind.REMEDIATE:
            found["value"] = found.get("plugin") or ""
        found["approval"] = found.get("approval") or RuleAction.Approval.REQUIRED
        action = RuleAction(**{name: found.get(name) for name in ACTION_FIELDS})
        complaint = complaint_of_action(action)
        if complaint:
            raise forms.ValidationError(complaint)
        kept = {name: getattr(action, name) for name in ACTION_FIELDS}
        self.cleaned_data = {**found, **kept}
        return self.cleaned_data


def actions_of(formset: Any) -> list[RuleAction]:
    """The actions that the rows ask for, not stored yet, in their order."""
    actions = []
    for row in formset.forms:
        facts = getattr(row, "cleaned_data", {})
        if facts.get("kind") and not facts.get("DELETE"):
            actions.append(RuleAction(**{name: facts[name] for name in ACTION_FIELDS}))
    return actions
