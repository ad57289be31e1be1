"""The form of a cloud's account."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from opsportal.accounts.actors import actor_of
from opsportal.lib.admin import CheckboxesWidget, PortalAdmin, TextWidget, register
from opsportal.lib.aws.access import usual_regions
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now
from security.account import delete_account, own_account_number, save_account
from security.collectors import collectors
from security.models import CloudAccount

_PLAIN = {"spellcheck": "false", "autocomplete": "off", "autocapitalize": "none"}


class RegionsField(forms.CharField):
    """Regions in one line: `eu-west-1, us-east-1`."""

    widget = TextWidget(attrs=_PLAIN | {"placeholder": "eu-west-1, us-east-1"})

    def prepare_value(self, value: Any) -> Any:
        """The line of a stored list."""
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The list of a line."""
        return [word for word in str(value or "").replace(",", " ").split() if word]

    def validate(self, value: Any) -> None:
        """The deed does."""

    def run_validators(self, value: Any) -> None:
        """The deed does."""


class AccountForm(forms.ModelForm):
    """An account; without a number and a role it is the portal's own."""

    account_id = forms.CharField(
        label="Number",
        required=False,
        max_length=12,
        widget=TextWidget(attrs=_PLAIN | {"placeholder": "123456789012"}),
        help_text="Twelve digits. Empty, and without a role: the portal asks whose it is.",
    )
    external_id = forms.CharField(
        label="External id",
        required=False,
        max_length=1224,
        widget=TextWidget(attrs=_PLAIN),
        help_text="Of the role's trust policy. Empty: one is made for a new account, and a stored "
        "one is kept.",
    )
    regions = RegionsField(required=False, help_text="In which it is watched.")
    without = forms.MultipleChoiceField(
        label="Not watched",
        required=False,
        choices=lambda: [(slug, found.label) for slug, found in collectors().items()],
        widget=CheckboxesWidget,
        help_text="Technologies that are not asked here; their permissions are not needed.",
    )

    class Meta:
        model = CloudAccount
        fields = [
            "name", "account_id", "kind", "role_name", "external_id", "regions", "partition",
            "without", "enabled", "frozen", "trail_queue_url", "team", "org_id", "ou_path",
            "s3_canonical_id", "note",
        ]  # fmt: skip
        labels = {
            "role_name": "Role",
            "trail_queue_url": "Queue of CloudTrail's events",
            "org_id": "Organization's id",
            "ou_path": "Path of its unit",
            "s3_canonical_id": "Canonical id",
        }
        help_texts = {
            "kind": "Of a friendly or a third party's one only the number is used: for whom "
            "policies may name.",
            "role_name": "To assume there, such as opsportal-security. Empty: the portal's own "
            "credentials are of this account.",
            "frozen": "Suspended or closed: nothing is asked, and nothing counts as gone.",
            "trail_queue_url": "An SQS queue; see the documentation. Empty: polling finds changes.",
            "org_id": "o-...: without it, policies that let in your own organization look foreign.",
            "team": "Whose alerts its findings are.",
            "s3_canonical_id": "How grants of S3 name it.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Kept where nothing is written; not shown in a form.
        self.initial.pop("external_id", None)
        if not self.instance.pk and not self.initial.get("regions"):
            self.initial["regions"] = usual_regions()

    def clean(self) -> dict[str, Any]:
        """As the deed would find it."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        number, role = found.get("account_id"), found.get("role_name")
        if "account_id" not in self.errors and not number:
            if role:
                self.add_error("account_id", "A role is assumed in an account: give its number.")
            elif not self.errors:
                try:
                    found["account_id"] = own_account_number(found.get("partition") or "aws")
                except PayloadError as error:
                    self.add_error("account_id", error.errors[0].message)
        return found

    def _get_validation_exclusions(self) -> set[str]:
        # Its column takes JSON; the deed knows what it may be.
        found: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return found | {"external_id"}

    def _post_clean(self) -> None:
        kept = self.instance.external_id
        super()._post_clean()  # type: ignore[misc]  # Django's own hook
        self.instance.external_id = self.cleaned_data.get("external_id") or kept


@register(CloudAccount)
class CloudAccountAdmin(PortalAdmin):
    """Accounts of clouds."""

    when_empty = "Add the account of the portal's own credentials: a name and a region will do."
    form = AccountForm
    list_display = ["name", "account_id", "kind", "role_name", "enabled", "frozen", "team"]
    list_select_related = ["team"]
    list_filter = ["kind", "enabled", "team"]
    search_fields = ["name", "account_id"]
    actions: Any = None
    fieldsets = [
        (None, {"fields": ["name", ("account_id", "kind"), "regions", "team", "enabled"]}),
        ("Access", {"fields": [("role_name", "external_id"), "trail_queue_url"]}),
        (
            "More",
            {
                "fields": [
                    "without", ("partition", "frozen"), ("org_id", "ou_path"), "s3_canonical_id",
                    "note",
                ]
            },
        ),
    ]  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_account(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_account(obj, actor=actor_of(request), now=utc_now())

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: Any = None
    ) -> HttpResponse:
        """On to its page, where its test and its policy are."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(reverse("cloud-account", args=[obj.pk]))
