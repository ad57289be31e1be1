"""The admin pages of API keys."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.cache import add_never_cache_headers

from opsportal.accounts.actors import actor_of
from opsportal.accounts.audited_admin import AuditedAdmin
from opsportal.accounts.keys import SCOPES, create_key, revoke_key
from opsportal.accounts.models import ApiKey
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import CheckboxesWidget, CheckboxWidget, action, display, register
from opsportal.lib.crypto import decrypt_json, encrypt_json
from opsportal.lib.times import utc_now

_SESSION = "new_api_key"


class ApiKeyForm(forms.ModelForm):
    """A key's settings; the key itself is never in a form."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {meaning}") for scope, meaning in SCOPES.items()],
        widget=CheckboxesWidget,
    )
    short = forms.BooleanField(
        required=False,
        widget=CheckboxWidget,
        help_text="32 letters and digits: for a PagerDuty routing key, or a key in a URL.",
    )

    class Meta:
        model = ApiKey
        fields = ["name", "scopes", "team", "rate_limit", "expires_at"]

    def clean_rate_limit(self) -> Any:
        """A key that may do nothing is a revoked one."""
        value = self.cleaned_data["rate_limit"]
        if value == 0:
            raise forms.ValidationError("Leave it empty for no limit; to stop a key, revoke it.")
        return value

    def clean_expires_at(self) -> Any:
        """A new key that is past is a mistake."""
        value = self.cleaned_data["expires_at"]
        if value is not None and self.instance.pk is None and value <= utc_now():
            raise forms.ValidationError("This is past.")
        return value


@register(ApiKey)
class ApiKeyAdmin(TeamOwnedAdmin, AuditedAdmin):
    """Made, changed and revoked, never deleted: the trail refers to them."""

    form = ApiKeyForm
    list_display = ["name", "prefix", "scope_list", "team", "state", "last_used_at", "expires_at"]
    list_select_related = ["team"]
    list_filter = ["team"]
    search_fields = ["name", "prefix"]
    readonly_fields = ["prefix", "created_by", "created_at", "last_used_at", "revoked_at"]
    fields = ["name", "scopes", "team", "rate_limit", "expires_at", "short"]
    actions = ["revoke"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What is asked for, and of a key that exists what is known."""
        return [*self.fields[:-1], *self.readonly_fields] if obj else list(self.fields)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: revoke it."""
        return False

    @display(description="scopes")
    def scope_list(self, key: ApiKey) -> str:
        """The scopes in a line."""
        return ", ".join(key.scopes)

    @display(description="state", label={"valid": "success", "revoked": "danger"})
    def state(self, key: ApiKey) -> str:
        """Whether it opens anything."""
        if key.revoked_at:
            return "revoked"
        return "expired" if key.expires_at and key.expires_at <= utc_now() else "valid"

    @action(description="Revoke at once", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        """End the chosen keys' lives."""
        keys = list(queryset)
        if not all(self.has_change_permission(request, key) for key in keys):
            raise PermissionDenied
        actor, now = actor_of(request), utc_now()
        count = sum(revoke_key(key, actor=actor, now=now) for key in keys)
        self.message_user(request, f"{count} of {len(keys)} revoked.")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new key is made by the deed, and its text kept, encrypted, for one page."""
        if change:
            super().save_model(request, obj, form, change)
            return
        key, text = create_key(
            **{name: form.cleaned_data[name] for name in self.fields},
            actor=actor_of(request),
            now=utc_now(),
        )
        obj.pk = key.pk
        obj.refresh_from_db()
        request.session[_SESSION] = encrypt_json([key.pk, text])

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        """On to the page that shows the key."""
        return HttpResponseRedirect(reverse("admin:accounts_apikey_shown", args=[obj.pk]))

    def get_urls(self) -> Any:
        """With that page."""
        shown = self.admin_site.admin_view(self.shown_view)
        return [
            path("<int:pk>/shown/", shown, name="accounts_apikey_shown"),
            *super().get_urls(),
        ]

    def shown_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The key's text, this once: a second look finds nothing."""
        kept = request.session.pop(_SESSION, None)
        number, text = decrypt_json(kept) if kept else (pk, "")
        if number != pk:
            text = ""
        context = {
            **self.admin_site.each_context(request),
            "title": "API key",
            "opts": self.opts,
            "key_text": text,
            "change_url": reverse("admin:accounts_apikey_change", args=[pk]),
        }
        response = TemplateResponse(request, "accounts/key_shown.html", context)
        add_never_cache_headers(response)
        return response
