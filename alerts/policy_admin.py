"""The admin pages of inhibitions and subscriptions. What is saved here goes by the deeds."""

from typing import Any

from django.http import HttpRequest

from alerts.change import (
    delete_inhibition,
    delete_subscription,
    save_inhibition,
    save_subscription,
)
from alerts.models import Inhibition, Subscription
from alerts.policy_forms import InhibitionForm, SubscriptionForm
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import is_administrator
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import display, register
from opsportal.lib.times import utc_now


@register(Inhibition)
class InhibitionAdmin(TeamOwnedAdmin):
    """Inhibitions: what explains what."""

    form = InhibitionForm
    list_display = ["name", "source_match", "target_match", "equal_labels", "state", "team"]
    list_select_related = ["team"]
    list_filter = ["enabled", "team"]
    search_fields = ["name", "source_match", "target_match"]
    fields = ["name", "source_match", "target_match", "equal", ("team", "enabled")]
    actions: Any = None

    @display(description="equal")
    def equal_labels(self, inhibition: Inhibition) -> str:
        """The labels, with commas."""
        return ", ".join(inhibition.equal)

    @display(description="state", label={"on": "success", "off": "danger"})
    def state(self, inhibition: Inhibition) -> str:
        """Whether it is asked at all."""
        return "on" if inhibition.enabled else "off"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_inhibition(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_inhibition(obj, actor=actor_of(request), now=utc_now())


@register(Subscription)
class SubscriptionAdmin(TeamOwnedAdmin):
    """Everybody's subscriptions; people edit their own on a page of their own."""

    form = SubscriptionForm
    list_display = ["name", "whose", "match", "min_severity", "by", "digest", "state"]
    list_select_related = ["user", "team", "channel"]
    list_filter = ["enabled", "team"]
    search_fields = ["name", "match", "user__username"]
    autocomplete_fields = ["user"]
    actions: Any = None
    fieldsets = [
        (None, {"fields": ["match", "min_severity", ("user", "team"), "channel"]}),
        ("When", {"fields": [("digest", "zone"), "quiet_hours", "tell_resolved"]}),
        ("More", {"fields": ["name", "enabled"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without what channels keep secret."""
        return super().get_queryset(request).defer("channel__settings")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Team admins subscribe teams, not other people."""
        if is_administrator(request.user):
            return self.fieldsets
        return [
            (None, {"fields": ["match", "min_severity", "team", "channel"]}),
            *self.fieldsets[1:],
        ]

    @display(description="whose")
    def whose(self, subscription: Subscription) -> str:
        """The person's or the team's."""
        return str(subscription.user or subscription.team)

    @display(description="by")
    def by(self, subscription: Subscription) -> str:
        """The channel."""
        return subscription.channel.name if subscription.channel else "their own"

    @display(description="state", label={"on": "success", "off": "danger"})
    def state(self, subscription: Subscription) -> str:
        """Whether anything comes of it."""
        return "on" if subscription.enabled else "off"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_subscription(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_subscription(obj, actor=actor_of(request), now=utc_now())
