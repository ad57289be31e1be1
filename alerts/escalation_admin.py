"""The admin pages of escalation policies, and the ledger of escalations.

What is saved here goes through `alerts.change`, as from a file.
"""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alerts.change.escalations import StepDraft, delete_policy, save_policy
from alerts.escalate import with_others
from alerts.models import (
    Escalation,
    EscalationPolicy,
    EscalationStep,
    EscalationTarget,
)
from alerts.oncall.words import (
    TARGETS,
    find_target,
)
from alerts.oncall_rows import drafts_of, read_words
from opsportal.accounts.actors import actor_of
from opsportal.accounts.team_owned_admin import OwnersInline, TeamOwnedAdmin
from opsportal.lib.admin import (
    ReadOnlyAdmin,
    TextareaWidget,
    TextWidget,
    display,
    register,
)
from opsportal.lib.durations import parse_duration, write_duration
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now

_PROGRESS = {
    "walking": "info", "waiting": "warning", "acknowledged": "success", "resolved": "success",
    "untaken": "danger", "nobody took it": "danger", "paged with another": "info",
    "acknowledged with its group": "success",
}  # fmt: skip
_FOLLOWING = (Escalation.Progress.FOLLOWING, Escalation.Progress.GROUP_TAKEN)


class PolicyForm(forms.ModelForm):
    """A policy; its wait is written as in files."""

    wait = forms.CharField(
        label="Then", max_length=20, initial="5m", widget=TextWidget(),
        help_text="After the last step: so long until it begins anew, or is given up. 5m, 1h30m",
    )  # fmt: skip

    class Meta:
        model = EscalationPolicy
        fields = ["name", "team", "repeat", "enabled"]
        help_texts = {
            "team": "Pages of this team walk it.",
            "repeat": "How often it begins anew after the last step: 0 to 9.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["wait"].initial = write_duration(self.instance.repeat_after)

    def clean_wait(self) -> Any:
        """The duration."""
        return read_words(self.cleaned_data["wait"], parse_duration)


class StepForm(forms.ModelForm):
    """A step, in the words of files."""

    after = forms.CharField(
        max_length=20, initial="0s", widget=TextWidget(),
        help_text="So long after the step before; the first, after the alert: 0s, 5m, 1h30m.",
    )  # fmt: skip
    notify = forms.CharField(
        max_length=10_000, widget=TextareaWidget(attrs={"rows": 3}),
        help_text="One a line: schedule primary, user jo, channel ops, team payments.",
    )  # fmt: skip

    class Meta:
        model = EscalationStep
        fields = ["position"]
        labels = {"position": "order"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["after"].initial = write_duration(self.instance.delay)
            lines = [" ".join(target.named) for target in self.instance.targets.all()]
            self.fields["notify"].initial = "\n".join(lines)

    def clean_after(self) -> Any:
        """The duration."""
        return read_words(self.cleaned_data["after"], parse_duration)

    def clean_notify(self) -> list[EscalationTarget]:
        """Whom it tells."""
        return [
            read_words(line, _target)
            for line in self.cleaned_data["notify"].splitlines()
            if line.strip()
        ]

    def draft(self) -> StepDraft:
        """What was filled in."""
        return StepDraft(self.cleaned_data["after"], self.cleaned_data["notify"])


def _target(line: str) -> EscalationTarget:
    kind, _, name = line.strip().partition(" ")
    kind = kind.removesuffix(":")
    if kind not in TARGETS or not name.strip():
        raise PayloadError(f"{line.strip()[:100]!r} is not such as: schedule primary, or user jo")
    return find_target(kind, name.strip())


class StepInline(OwnersInline):
    """The steps."""

    model = EscalationStep
    form = StepForm
    of = "escalationpolicy"
    fields = [("position", "after"), "notify"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the targets."""
        names = ("schedule", "user", "channel", "team")
        return super().get_queryset(request).prefetch_related(*(f"targets__{n}" for n in names))


@register(EscalationPolicy)
class EscalationPolicyAdmin(TeamOwnedAdmin):
    """Policies with their steps."""

    form = PolicyForm
    inlines = [StepInline]
    list_display = ["name", "team", "walk", "repeat", "state"]
    list_select_related = ["team"]
    search_fields = ["name"]
    fields = ["name", ("team", "enabled"), ("repeat", "wait")]
    actions: Any = None

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what the list shows of the steps."""
        names = ("schedule", "user", "channel", "team")
        found = super().get_queryset(request)
        return found.prefetch_related(*(f"steps__targets__{name}" for name in names))

    @display(description="steps")
    def walk(self, policy: EscalationPolicy) -> str:
        """The steps in a line."""
        return " → ".join(
            f"{write_duration(step.delay)}: {', '.join(str(found) for found in step.targets.all())}"
            for step in policy.steps.all()
        )

    @display(description="state", label={"on": "success", "off": "danger"})
    def state(self, policy: EscalationPolicy) -> str:
        """Whether it is walked at all."""
        return "on" if policy.enabled else "off"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing yet: a policy is stored with its steps, by one deed."""
        obj.repeat_after = form.cleaned_data["wait"]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Store the policy and its steps."""
        steps = drafts_of(formsets, "notify")
        save_policy(form.instance, steps, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_policy(obj, actor=actor_of(request), now=utc_now())


@register(Escalation)
class EscalationAdmin(ReadOnlyAdmin):
    """Every walk and where it stands."""

    list_display = [
        "id", "page", "team", "policy", "progress_label", "together", "place", "next_at",
        "paged_at", "created_at",
    ]  # fmt: skip
    list_select_related = ["alert", "team", "policy", "leader"]
    list_filter = ["progress", "state", "team"]
    sortable_by = ()
    fields = [
        "alert", "team", "policy", "rule", "progress", "together", "round", "step", "severity",
        "created_at", "began_at", "next_at", "paged_at", "acknowledged_at", "state",
        "due_at", "attempts", "last_error", "finished_at",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what is paged together."""
        return with_others(super().get_queryset(request))

    @display(description="together with")
    def together(self, escalation: Any) -> str:
        """The alert whose walk speaks for this one, or how many others this one speaks for."""
        if escalation.leader is not None and escalation.progress in _FOLLOWING:
            leader = escalation.leader.alert_id
            return format_html('<a href="/alerts/{}/">alert {}</a>', leader, leader)
        others = escalation.others
        return f"{others} other{'' if others == 1 else 's'}" if others else "-"

    @display(description="alert")
    def page(self, escalation: Escalation) -> SafeString:
        """The page of the alert, which tells the story."""
        alert = escalation.alert
        return format_html('<a href="{}">{}</a>', alert.get_absolute_url(), alert.name)

    @display(description="progress", label=_PROGRESS)
    def progress_label(self, escalation: Escalation) -> str:
        """In colour."""
        return escalation.get_progress_display()

    @display(description="next")
    def place(self, escalation: Escalation) -> str:
        """Which step is next."""
        if escalation.progress in _FOLLOWING:
            return "-"
        return f"round {escalation.round + 1}, step {escalation.step + 1}"
