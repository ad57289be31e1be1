"""The admin pages of channels: the kind first, then the settings that the kind asks for."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from alerts.change import delete_channel, save_channel
from alerts.channels import ChannelKind, SettingField, mask_secrets
from alerts.models import Channel
from alerts.send import try_channel
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import is_administrator
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import SecretWidget, TextareaWidget, TextWidget, display, register
from opsportal.lib.errors import DeliveryError, OpsError, PayloadError
from opsportal.lib.outbox import State
from opsportal.lib.registry import plugins
from opsportal.lib.times import utc_now

_PREFIX, _CLEAR = "setting_", "clear_"
_MANNERS = ("user", "rate_limit", "fallback", "template")


class ChannelForm(forms.ModelForm):
    """Base of a kind's form, which adds the kind's settings as fields."""

    plugin: type[ChannelKind]

    class Meta:
        model = Channel
        fields = ["name", "team", "enabled", "user", "rate_limit", "fallback", "template"]
        help_texts = {
            "user": "Whose own channel it is: how this person is reached; empty: nobody's.",
            "rate_limit": "Messages a minute; what is over waits. Empty: no limit.",
            "fallback": "Told instead once this channel fails for good, or for five minutes.",
            "template": "Words for mail, Slack, SNS and Apprise; empty: the usual ones.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.plugin.fields:
            value = self.instance.settings.get(field.name)
            if field.secret or _PREFIX + field.name not in self.fields:
                continue
            self.initial[_PREFIX + field.name] = (
                "\n".join(value) if isinstance(value, list) else value
            )

    def clean(self) -> dict[str, Any]:
        """The settings as the kind wants them; an empty secret is the one that is set."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        stored = self.instance.settings
        given: dict[str, Any] = {}
        for field in self.plugin.fields:
            value = found.get(_PREFIX + field.name, "")
            if field.secret and not value and not found.get(_CLEAR + field.name):
                value = stored.get(field.name, "")
            given[field.name] = value
        try:
            self.instance.settings = self.plugin.clean(given)
        except PayloadError as error:
            for wrong in error.errors:
                name = _PREFIX + wrong.field.removeprefix("settings.")
                self.add_error(name if name in self.fields else None, wrong.message)
        self.instance.kind = self.plugin.slug
        return found


def form_of(kind: type[ChannelKind], stored: dict[str, Any]) -> type[ChannelForm]:
    """The form of channels of that kind; `stored` says which secrets are set."""
    fields: dict[str, Any] = {"plugin": kind}
    for field in kind.fields:
        fields[_PREFIX + field.name] = _form_field(field, bool(stored.get(field.name)))
        if field.secret and not field.required and stored.get(field.name):
            label = f"Remove the {field.label.lower()}"
            fields[_CLEAR + field.name] = forms.BooleanField(required=False, label=label)
    return type("KindForm", (ChannelForm,), fields)


def _form_field(field: SettingField, is_set: bool) -> forms.CharField:
    helps = [field.help]
    widget: Any = TextWidget()
    if field.kind == "list":
        widget = TextareaWidget(attrs={"rows": 3})
        helps.append("One a line.")
    if field.secret:
        widget = SecretWidget(attrs={"autocomplete": "new-password"})
        helps.append("Set; leave empty to keep it." if is_set else "Not set.")
    return forms.CharField(
        label=field.label,
        required=field.required and not (field.secret and is_set),
        widget=widget,
        help_text=" ".join(text for text in helps if text),
        max_length=4000,
    )


def _last_word(channel: Channel) -> str:
    """How the last message went: the breaker does not count what the other side refuses."""
    ended = channel.notifications.filter(state__in=[State.DONE, State.DEAD])
    last = ended.order_by("-pk").only("state", "last_error").first()
    if last is None:
        return "Nothing was sent yet."
    if last.state == State.DONE:
        return "Works: the last message was taken."
    return f"The last message was refused: {last.last_error or 'without a word'}"


@register(Channel)
class ChannelAdmin(TeamOwnedAdmin):
    """Ways to tell somebody; each can be tried out."""

    list_display = ["name", "kind_label", "team", "state"]
    list_select_related = ["team", "delivery_state"]
    list_filter = ["kind", "enabled", "team"]
    search_fields = ["name"]
    readonly_fields = ["kind_label", "settings_shown", "breaker"]
    actions: Any = None
    change_form_outer_before_template = "alerts/channel_test_button.html"

    @display(description="kind")
    def kind_label(self, channel: Channel) -> str:
        """The kind's name."""
        return str(channel.get_kind_display())

    @display(description="state", label={"on": "success", "off": "danger", "failing": "warning"})
    def state(self, channel: Channel) -> str:
        """Whether anything goes through it."""
        if not channel.enabled:
            return "off"
        state = getattr(channel, "delivery_state", None)
        return "failing" if state is not None and state.opened_at is not None else "on"

    @display(description="deliveries")
    def breaker(self, channel: Channel) -> str:
        """How it has been doing, in words."""
        state = getattr(channel, "delivery_state", None)
        if channel.pk is None:
            return "Nothing was sent yet."
        if state is None or not state.failures:
            return _last_word(channel)
        said = f"{state.failures} failures in a row, the last: {state.last_error}"
        if state.opened_at is None:
            return said
        probe = f"{state.open_until:%H:%M:%S}" if state.open_until else "now"
        since = f"{state.opened_at:%Y-%m-%d %H:%M:%S}"
        return f"Left alone since {since} UTC, the next probe is at {probe} UTC. {said}"

    @display(description="settings")
    def settings_shown(self, channel: Channel) -> SafeString:
        """For those who may not edit it: everything but addresses that may hold a token."""
        fields = _kind(channel.kind).fields
        hidden = [SettingField(f.name, f.label, secret=f.secret or f.kind == "url") for f in fields]
        shown = mask_secrets(hidden, channel.settings).items()
        return format_html_join("\n", "<div>{}: {}</div>", shown)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form of the channel's kind, or of the one that was chosen."""
        slug = obj.kind if obj else request.GET.get("kind", "")
        kwargs["form"] = form_of(_kind(slug), obj.settings if obj else {})
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name, team and state, and what the kind asks for."""
        if obj and not self.has_change_permission(request, obj):
            return ["name", "kind_label", "team", "enabled", "settings_shown", *_MANNERS, "breaker"]
        slug = obj.kind if obj else request.GET.get("kind", "")
        form = form_of(_kind(slug), obj.settings if obj else {})
        extra = [name for name in form.base_fields if name.startswith((_PREFIX, _CLEAR))]
        # Who is reached where, the administrators say: pages go there.
        manners = [n for n in _MANNERS if n != "user" or is_administrator(request.user)]
        of_old = ["kind_label", "breaker"] if obj else []
        return ["name", *of_old, *extra, "team", "enabled", *manners]

    def get_urls(self) -> Any:
        """With the test button's."""
        tested = self.admin_site.admin_view(self.test_view)
        return [path("<int:pk>/test/", tested, name="alerts_channel_test"), *super().get_urls()]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """First the kind."""
        if request.GET.get("kind") not in plugins("ALERT_CHANNELS"):
            if not self.has_add_permission(request):
                raise PermissionDenied
            kinds = [
                (slug, kind.label, (kind.__doc__ or "").partition("\n")[0])
                for slug, kind in plugins("ALERT_CHANNELS").items()
            ]
            context = {
                **self.admin_site.each_context(request),
                "title": "New channel: which kind?",
                "opts": self.opts,
                "kinds": kinds,
            }
            return TemplateResponse(request, "alerts/channel_kinds.html", context)
        response: HttpResponse = super().add_view(request, *args, **kwargs)
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_channel(obj, actor=actor_of(request), now=utc_now())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The channel alone: the deed refuses when anything depends on it, and says what."""
        return [str(obj) for obj in objs], {"channels": len(objs)}, set(), []

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any) -> HttpResponse:
        """A channel in use stays; the answer says what uses it."""
        try:
            response: HttpResponse = super().delete_view(request, object_id, *args)
        except OpsError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(reverse("admin:alerts_channel_change", args=[object_id]))
        return response

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_channel(obj, actor=actor_of(request), now=utc_now())

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send a test now and show what the other side said."""
        channel = self.get_object(request, str(pk))
        back = reverse("admin:alerts_channel_change", args=[pk])
        if channel is None:
            raise Http404
        if not self.has_change_permission(request, channel):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseRedirect(back)
        try:
            answer, succeeded = try_channel(channel, actor=actor_of(request), now=utc_now()), True
        except DeliveryError as error:
            answer, succeeded = error.message, False
        context = {
            **self.admin_site.each_context(request),
            "title": f"Test of {channel.name}",
            "opts": self.opts,
            "original": channel,
            "answer": answer,
            "succeeded": succeeded,
        }
        return TemplateResponse(request, "alerts/channel_tested.html", context)


def _kind(slug: str) -> type[ChannelKind]:
    """The plug-in, or the base without settings for a kind that is no longer there."""
    found: type[ChannelKind] = plugins("ALERT_CHANNELS").get(slug, _Unknown)
    return found


class _Unknown(ChannelKind):
    """Stands for a kind that the settings no longer name."""

    slug, label, fields = "", "unknown", ()
