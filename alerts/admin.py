"""Admin pages: rules and channels to edit, the ledgers to read."""

from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alerts.channel_admin import ChannelAdmin
from alerts.delivery_admin import RawDeliveryAdmin
from alerts.escalation_admin import EscalationAdmin, EscalationPolicyAdmin
from alerts.heartbeat_admin import HeartbeatAdmin
from alerts.mapping_admin import MappingAdmin
from alerts.models import Alert, Decision, DeliveryAttempt, Notification, Transition
from alerts.oncall_admin import OverrideAdmin, ScheduleAdmin
from alerts.policy_admin import InhibitionAdmin, SubscriptionAdmin
from alerts.remediation_admin import RemediationAdmin
from alerts.replay import replay_notification
from alerts.rule_admin import RuleAdmin
from alerts.sender_admin import SenderAdmin
from alerts.signing_admin import SigningSecretAdmin
from alerts.silence_admin import SilenceAdmin
from alerts.sns_admin import SnsTopicAdmin
from alerts.template_admin import TemplateAdmin
from alerts.window_admin import ChangeWindowAdmin
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import can_respond
from opsportal.lib.admin import ReadOnlyAdmin, TabularInline, action, display, register
from opsportal.lib.errors import ConflictError
from opsportal.lib.times import utc_now

__all__ = [
    "ChangeWindowAdmin",
    "ChannelAdmin",
    "EscalationAdmin",
    "EscalationPolicyAdmin",
    "HeartbeatAdmin",
    "InhibitionAdmin",
    "MappingAdmin",
    "OverrideAdmin",
    "RawDeliveryAdmin",
    "RemediationAdmin",
    "RuleAdmin",
    "ScheduleAdmin",
    "SenderAdmin",
    "SigningSecretAdmin",
    "SilenceAdmin",
    "SnsTopicAdmin",
    "SubscriptionAdmin",
    "TemplateAdmin",
]

_SEVERITY_LABELS = {"critical": "danger", "high": "warning", "low": "info"}
_STATE_LABELS = {"dead": "danger", "done": "success", "due": "info", "claimed": "info"}


def _page(alert: Alert) -> SafeString:
    """A link to the alert's own page."""
    return format_html('<a href="{}">{}</a>', alert.get_absolute_url(), alert.name)


@register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Every column of an episode; people act on the alert's own page."""

    list_display = ["id", "page", "severity_label", "status", "service", "environment", "starts_at"]
    list_select_related = False
    list_filter = ["status", "severity"]
    search_fields = ["name", "service", "dedup_key"]
    sortable_by = ()

    @display(description="alert")
    def page(self, alert: Alert) -> SafeString:
        """The page."""
        return _page(alert)

    @display(description="severity", label=_SEVERITY_LABELS)
    def severity_label(self, alert: Alert) -> str:
        """In colour."""
        return alert.severity


@register(Transition)
class TransitionAdmin(ReadOnlyAdmin):
    """What happened to episodes."""

    list_display = ["at", "page", "kind", "before", "after", "actor"]
    list_select_related = ["alert"]
    list_filter = ["kind"]
    search_fields = ["actor"]
    sortable_by = ()
    ordering = ["-id"]

    @display(description="alert")
    def page(self, transition: Transition) -> SafeString:
        """The page."""
        return _page(transition.alert)


@register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    """Who was to be told, and why."""

    list_display = ["id", "page", "what", "outcome", "state_label", "finished_at"]
    list_select_related = ["transition__alert"]
    list_filter = ["outcome", "state"]
    sortable_by = ()
    ordering = ["-id"]
    fields = [
        "transition", "outcome", "reasons", "state", "due_at", "attempts", "last_error",
        "finished_at",
    ]  # fmt: skip

    @display(description="alert")
    def page(self, decision: Decision) -> SafeString:
        """The page."""
        return _page(decision.transition.alert)

    @display(description="transition")
    def what(self, decision: Decision) -> str:
        """Which transition."""
        return decision.transition.kind

    @display(description="state", label=_STATE_LABELS)
    def state_label(self, decision: Decision) -> str:
        """In colour."""
        return decision.state


class AttemptInline(TabularInline):
    """Each try, with the answer."""

    model = DeliveryAttempt
    fields = readonly_fields = ["number", "started_at", "duration", "succeeded", "answer"]
    extra = 0
    can_delete = False
    hide_title = True
    verbose_name_plural = "attempts"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


@register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """Who was told; the dead ones can be tried again."""

    list_display = [
        "id", "page", "channel", "about", "state_label", "attempts", "created_at", "last_error_cut",
    ]  # fmt: skip
    list_select_related = ["alert", "channel"]
    list_filter = ["state", "channel"]
    search_fields = ["last_error"]
    sortable_by = ()
    actions = ["replay"]
    inlines = [AttemptInline]
    change_form_outer_before_template = "alerts/replay_button.html"
    fields = [
        "alert", "transition", "channel", "rule", "subscription", "group", "lead", "instead_of",
        "about", "state", "attempts", "due_at",
        "created_at", "finished_at", "last_error",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without what the list does not show: secrets are not even decrypted."""
        return super().get_queryset(request).defer("channel__settings")

    @display(description="alert")
    def page(self, notification: Notification) -> SafeString:
        """The page."""
        return _page(notification.alert)

    @display(description="state", label=_STATE_LABELS)
    def state_label(self, notification: Notification) -> str:
        """In colour."""
        return notification.state

    @display(description="last error")
    def last_error_cut(self, notification: Notification) -> str:
        """The beginning of it."""
        return notification.last_error[:120]

    @action(description="Replay the dead ones")
    def replay(self, request: HttpRequest, queryset: Any) -> None:
        """Try again what failed for good."""
        actor, now, replayed, others, foreign = actor_of(request), utc_now(), 0, 0, 0
        for notification in queryset.select_related("alert", "lead"):
            if not can_respond(request.user, notification.alert.team_id):
                foreign += 1
                continue
            try:
                replay_notification(notification, actor=actor, now=now)
                replayed += 1
            except ConflictError:
                others += 1
        text = f"{replayed} will be tried again"
        text += f", {others} were not dead" if others else ""
        text += f", {foreign} are of teams you do not respond for" if foreign else ""
        self.message_user(request, text + ".")
