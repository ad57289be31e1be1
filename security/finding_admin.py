"""Admin pages of findings, and of what people decide about checks."""

from typing import Any

from django import forms
from django.http import HttpRequest

from opsportal.accounts.actors import Actor, actor_of
from opsportal.accounts.permissions import is_administrator
from opsportal.accounts.team_owned_admin import TeamOwnedAdmin
from opsportal.lib.admin import DeedForm, PortalAdmin, ReadOnlyAdmin, register
from opsportal.lib.times import utc_now
from security.accept import accept_risk, check_acceptance
from security.allow import check_network, delete_network, save_network
from security.auditors import auditors
from security.models import (
    CheckOverride,
    CloudAccount,
    Finding,
    NetworkAllowlist,
    RiskAcceptance,
)
from security.override import check_override, delete_override, save_override

_SOMEBODY = Actor("somebody", 0, None)


def check_choices() -> list[tuple[str, str]]:
    """The checks, as form choices."""
    return [(slug, f"{slug} {found.label}") for slug, found in sorted(auditors().items())]


class _CheckForm(DeedForm):
    """A form that names a check."""

    check_id = forms.ChoiceField(label="Check", choices=check_choices)


class OverrideForm(_CheckForm):
    """Another score, or none of it."""

    class Meta:
        model = CheckOverride
        fields = ["check_id", "account", "match", "score", "enabled", "reason"]
        help_texts = {
            "account": "Empty: everywhere.",
            "match": 'Of the resource\'s tags, such as {env="dev"}. Empty: all.',
            "score": "Of all its findings. Empty: the check's own.",
        }

    def refuse(self, row: Any) -> None:
        """As the deed does."""
        check_override(row)


class NetworkForm(DeedForm):
    """A network that is known."""

    class Meta:
        model = NetworkAllowlist
        fields = ["cidr", "note", "expires_at"]

    def refuse(self, row: Any) -> None:
        """As the deed does."""
        check_network(row)


class AcceptanceForm(_CheckForm):
    """A check accepted in an account, or by tags."""

    class Meta:
        model = RiskAcceptance
        fields = ["check_id", "account", "match", "max_score", "reason", "ticket", "expires_at"]
        help_texts = {
            "match": 'Of the resource\'s tags, such as {env="dev"}. Empty: all of the account.',
            "max_score": "What scores higher stays open. From 8 on a second person must approve.",
            "expires_at": "At most a year ahead.",
        }

    def refuse(self, row: Any) -> None:
        """As the deed does, for whichever person it is."""
        check_acceptance(row, actor=_SOMEBODY, now=utc_now())


@register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    """Findings, as they are."""

    list_display = ["check_id", "score", "status", "summary", "account", "region", "opened_at"]
    list_select_related = ["account"]
    list_filter = ["status", "technology"]
    search_fields = ["check_id", "fingerprint"]
    sortable_by = ()
    show_full_result_count = False


@register(CheckOverride)
class CheckOverrideAdmin(PortalAdmin):
    """Overrides of checks."""

    form = OverrideForm
    list_display = ["check_id", "account", "match", "score", "enabled", "reason"]
    list_select_related = ["account"]
    search_fields = ["check_id", "reason"]
    sortable_by = ()
    actions: Any = None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_override(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_override(obj, actor=actor_of(request), now=utc_now())


@register(NetworkAllowlist)
class NetworkAllowlistAdmin(PortalAdmin):
    """Known networks."""

    form = NetworkForm
    list_display = ["cidr", "note", "expires_at"]
    search_fields = ["cidr", "note"]
    sortable_by = ()
    actions: Any = None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        save_network(obj, actor=actor_of(request), now=utc_now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed."""
        delete_network(obj, actor=actor_of(request), now=utc_now())


@register(RiskAcceptance)
class RiskAcceptanceAdmin(TeamOwnedAdmin):
    """Acceptances: made here for a check, ended on their page, never edited."""

    form = AcceptanceForm
    list_display = ["check_id", "account", "resource", "max_score", "accepted_by", "expires_at",
                    "ended_at"]  # fmt: skip
    list_select_related = ["account", "resource"]
    search_fields = ["check_id", "reason", "ticket"]
    sortable_by = ()
    actions: Any = None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are ended and made anew."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are kept."""
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Team admins choose among their own teams' accounts, and have to."""
        mine = db_field.name == "account" and not is_administrator(request.user)
        if mine:
            teams = self.own_teams(request)
            kwargs["queryset"] = CloudAccount.objects.filter(team__in=teams)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if mine:
            field.required = True
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the deed."""
        accept_risk(obj, actor=actor_of(request), now=utc_now())
