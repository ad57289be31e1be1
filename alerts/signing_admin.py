"""The admin pages of signing secrets."""

from typing import Any

from django import forms
from django.http import HttpRequest

from alerts.change import complaints_of_signing, delete_signing_secret, save_signing_secret
from alerts.change.signing import SHORTEST_SECRET
from alerts.models import SigningSecret
from alerts.verify import forget_signature
from opsportal.accounts.actors import actor_of
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import SecretWidget, register
from opsportal.lib.times import utc_now


class SigningSecretForm(forms.ModelForm):
    """A secret is set and never shown."""

    new_secret = forms.CharField(
        label="Secret",
        required=False,
        max_length=500,
        strip=False,
        widget=SecretWidget(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = SigningSecret
        fields = ["key", "header", "timestamp_header"]
        help_texts = {
            "key": "What the sender comes with; from now on it must sign, at every door.",
            "header": "Where the signature is: as named in Grafana's contact point. "
            "GitHub's door has its own.",
            "timestamp_header": "Where the sender says when; empty unless named there.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "new_secret" in self.fields:
            is_set = bool(self.instance.pk)
            self.fields["new_secret"].required = not is_set
            what = "Set; leave empty to keep it." if is_set else "What the sender signs with."
            self.fields["new_secret"].help_text = f"{what} At least {SHORTEST_SECRET} characters."

    def clean(self) -> dict[str, Any]:
        """An empty secret is the one that is set, which was right."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        secret = found.get("new_secret") or ("." * SHORTEST_SECRET if self.instance.pk else "")
        named = (found.get("header", ""), found.get("timestamp_header", ""))
        for wrong in complaints_of_signing(secret, *named):
            field = "new_secret" if wrong.field == "secret" else wrong.field
            if field not in self.errors:
                self.add_error(field, wrong.message)
        return found


@register(SigningSecret)
class SigningSecretAdmin(TeamOwnedAdmin):
    """Which senders sign, and with what header."""

    when_empty = (
        "Requests count by their API key alone. Add a secret, and those with that key "
        "count only when they are signed with it."
    )
    form = SigningSecretForm
    list_display = ["key", "header", "timestamp_header"]
    list_select_related = ["key"]
    search_fields = ["key__name", "key__prefix"]
    actions: Any = None

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the secrets: nothing shows them."""
        return super().get_queryset(request).defer("secret")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The secret only for who may set it."""
        fields = ["key", "new_secret", "header", "timestamp_header"]
        if obj and not self.has_change_permission(request, obj):
            fields.remove("new_secret")
        return fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Whose it is stays as it is."""
        return ["key"] if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Keys that send and have none yet."""
        keys = self.own_keys(request, "alerts:write", "events:write")
        kwargs["queryset"] = keys.filter(signing_secret=None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        obj.secret = form.cleaned_data["new_secret"]
        save_signing_secret(obj, actor=actor_of(request), now=utc_now())
        forget_signature(obj.key)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_signing_secret(obj, actor=actor_of(request), now=utc_now())
        forget_signature(obj.key)
