"""The admin page of SNS topics: who may send, who asks to, and the button that confirms."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.validators import RegexValidator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from alerts.change import allow_topic, forget_topic
from alerts.confirm import confirm_topic
from alerts.formats.aws.sns import SnsFormat
from alerts.models import SnsTopic
from opsportal.accounts.actors import Actor, actor_of
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import display, register
from opsportal.lib.errors import OpsError
from opsportal.lib.times import utc_now

_STATE_LABELS = {
    "confirmed": "success", "to be confirmed": "warning", "not allowed": "warning",
    "failed": "danger", "unsubscribed": "danger", "allowed": "info",
}  # fmt: skip
_ARN = RegexValidator(
    r"\Aarn:aws[a-z-]*:sns:[a-z0-9-]{1,40}:[0-9]{12}:[A-Za-z0-9_-]{1,256}\Z",
    "The ARN of a topic, such as arn:aws:sns:eu-west-1:123456789012:alarms.",
)


class SnsTopicForm(forms.ModelForm):
    """A topic that may send."""

    class Meta:
        model = SnsTopic
        fields = ["topic_arn", "key"]
        help_texts = {
            "topic_arn": "Such as arn:aws:sns:eu-west-1:123456789012:alarms.",
            "key": "The one in the endpoint of the subscription, "
            f"{settings.PUBLIC_URL}/hooks/sns/KEY. It needs {SnsFormat.scope}.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "topic_arn" in self.fields:
            self.fields["topic_arn"].validators.append(_ARN)


@register(SnsTopic)
class SnsTopicAdmin(TeamOwnedAdmin):
    """Topics are added, allowed, confirmed and removed; nothing of one is edited."""

    when_empty = (
        "Add the ARN of a topic here, or subscribe /hooks/sns/KEY to it over HTTPS: then "
        "it appears by itself, to be allowed."
    )
    form = SnsTopicForm
    list_display = ["topic_arn", "standing", "key", "team_shown", "last_message_at", "error"]
    list_select_related = ["key__team"]
    list_filter = ["state", "key__team"]
    search_fields = ["topic_arn"]
    actions: Any = None
    change_form_outer_before_template = "alerts/sns_topic_buttons.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without what nobody is shown: it is not even decrypted."""
        return super().get_queryset(request).select_related("key__team").defer("confirmation")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What is asked for, and of one that exists what is known."""
        known = [
            "standing", "team_shown", "subscription_arn", "asked_at", "first_seen_at",
            "last_message_at", "error",
        ]  # fmt: skip
        return ["topic_arn", "key", *(known if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """All of one that exists."""
        return self.get_fields(request, obj) if obj else []

    @display(description="state", label=_STATE_LABELS)
    def standing(self, topic: SnsTopic) -> str:
        """In words and colour."""
        return str(topic.get_state_display()).lower()

    @display(description="team")
    def team_shown(self, topic: SnsTopic) -> str:
        """The key's team."""
        return str(topic.team or "")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Keys that are valid and may send; team admins choose among their own teams'."""
        if db_field.name == "key":
            kwargs["queryset"] = self.own_keys(request, SnsFormat.scope)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """There is nothing to save."""
        buttons = ("show_save", "show_save_and_continue", "show_save_and_add_another")
        shown = dict.fromkeys(buttons, False)
        response: HttpResponse = super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **shown}
        )
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        if not change:
            allow_topic(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        forget_topic(obj, actor=actor_of(request), now=utc_now())

    def get_urls(self) -> Any:
        """With the buttons'."""
        return [
            path(
                f"<int:pk>/{verb}/",
                self.admin_site.admin_view(view),
                name=f"alerts_snstopic_{verb}",
            )
            for verb, view in (("allow", self.allow_view), ("confirm", self.confirm_view))
        ] + super().get_urls()

    def allow_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Put one that asks on the list."""

        def allow(topic: SnsTopic, actor: Actor) -> str:
            allow_topic(topic, actor=actor, now=utc_now())
            return "The topic is allowed."

        return self._press(request, pk, allow)

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Tell SNS that the subscription is wanted."""

        def confirm(topic: SnsTopic, actor: Actor) -> str:
            if confirm_topic(topic, actor=actor, now=utc_now()):
                return "SNS has confirmed the subscription."
            return ""

        return self._press(request, pk, confirm)

    def _press(
        self, request: HttpRequest, pk: int, deed: Callable[[SnsTopic, Actor], str]
    ) -> HttpResponse:
        """Do it for whoever may, and say what came of it on the topic's page."""
        topic = self.get_object(request, str(pk))
        if topic is None:
            raise Http404
        if not self.has_change_permission(request, topic):
            raise PermissionDenied
        if request.method == "POST":
            try:
                if said := deed(topic, actor_of(request)):
                    messages.success(request, said)
                else:
                    messages.error(request, "SNS did not confirm it; the reason is below.")
            except OpsError as error:
                messages.error(request, error.message)
        return HttpResponseRedirect(reverse("admin:alerts_snstopic_change", args=[pk]))
