"""Admin pages of people, teams and the trail of what they did."""

from typing import Any, ClassVar

from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest

from opsportal.accounts import key_admin
from opsportal.accounts.actors import actor_of
from opsportal.accounts.audit import record_audit
from opsportal.accounts.audited_admin import AuditedAdmin
from opsportal.accounts.lockout import lift_lock
from opsportal.accounts.models import AuditEntry, Membership, Team, User
from opsportal.accounts.permissions import is_administrator
from opsportal.accounts.teams import delete_team
from opsportal.lib.admin import (
    AdminPasswordChangeForm,
    ReadOnlyAdmin,
    TabularInline,
    UserAddForm,
    UserChangeForm,
    action,
    display,
    pretty_json,
    register,
    site,
)
from opsportal.lib.times import utc_now

__all__ = ["key_admin"]

# Roles, not groups, say who may do what.
site.unregister(Group)


class MembershipInline(TabularInline):
    """A person's teams, or a team's people."""

    model = Membership
    extra = 0

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what a row's title names."""
        return super().get_queryset(request).select_related("user", "team")


@register(User)
class UserAdmin(DjangoUserAdmin, AuditedAdmin):
    """People. Administrators edit them, members see who is there."""

    form = UserChangeForm
    add_form = UserAddForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "email", "is_active", "is_superuser"]
    list_filter = ["is_active", "is_superuser"]
    list_select_related = False
    filter_horizontal = ()
    inlines = [MembershipInline]
    readonly_fields = ["last_login", "date_joined"]
    _person = (None, {"fields": ["username", "first_name", "last_name", "email"]})
    _role = ("Role", {"fields": ["is_active", "is_superuser"]})
    _dates = ("Dates", {"fields": ["last_login", "date_joined"]})
    fieldsets: ClassVar[Any] = (
        _person,
        ("Password", {"fields": ["password"]}),
        _role,
        _dates,
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ["wide"],
                "fields": ["username", "usable_password", "password1", "password2"],
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without anything about passwords for those who only look."""
        if obj is not None and not is_administrator(request.user):
            return (self._person, self._role)
        return super().get_fieldsets(request, obj)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """With the portal's own word for those who may do everything."""
        if db_field.name == "is_superuser":
            kwargs |= {"label": "Administrator", "help_text": "May do everything."}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody saws off the branch they sit on."""
        return obj != request.user and super().has_delete_permission(request, obj)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Memberships, once there is a person to have them."""
        return self.inlines if obj else []

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002
        """Set somebody's password, and leave an audit entry."""
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Django calls this after a password was set, where no `save_model` runs."""
        match = request.resolver_match
        if match and match.url_name == "auth_user_password_change":
            record_audit(actor_of(request), "change password", obj, now=utc_now())


@register(Team)
class TeamAdmin(AuditedAdmin):
    """Teams and their people."""

    list_display = ["name", "description", "people"]
    list_select_related = False
    search_fields = ["name"]
    inlines = [MembershipInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the number of people, in the same query."""
        return super().get_queryset(request).annotate(people=Count("memberships"))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the deed, whose entry names the members."""
        delete_team(obj, actor=actor_of(request), now=utc_now())

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """The same for what was ticked in the list."""
        with transaction.atomic():
            for team in queryset:
                delete_team(team, actor=actor_of(request), now=utc_now())

    @display(description="people", ordering="people")
    def people(self, team: Any) -> int:
        """How many belong to it."""
        number: int = team.people
        return number


@register(Membership)
class MembershipAdmin(AuditedAdmin):
    """Who has which role where."""

    list_display = ["user", "team", "role"]
    list_select_related = ["user", "team"]
    list_filter = ["role"]
    search_fields = ["user__username", "team__name"]
    autocomplete_fields = ["user", "team"]


@register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """The trail: read, never written."""

    list_display = ["at", "actor", "action", "target_type", "target", "address"]
    list_select_related = False
    list_filter = ["at"]
    search_fields = ["actor", "target", "target_type", "request_id"]
    sortable_by = ()
    fields = [
        "at",
        "actor",
        "action",
        "target_type",
        "target_id",
        "target",
        "state_before",
        "state_after",
        "address",
        "request_id",
    ]
    readonly_fields = ["state_before", "state_after"]

    @display(description="before")
    def state_before(self, entry: AuditEntry) -> Any:
        """The row before, or the fields of it that changed."""
        return pretty_json(entry.before)

    @display(description="after")
    def state_after(self, entry: AuditEntry) -> Any:
        """The row after, or the fields of it that changed."""
        return pretty_json(entry.after)


@register(AccessAttempt)
class AccessAttemptAdmin(ReadOnlyAdmin):
    """Failed log-ins that count towards a lock."""

    list_display = ["attempt_time", "username", "ip_address", "failures_since_start", "user_agent"]
    list_select_related = False
    search_fields = ["username", "ip_address"]
    actions = ["lift"]
    sortable_by = ()
    fields = ["attempt_time", "username", "ip_address", "failures_since_start", "user_agent"]

    def has_lift_permission(self, request: HttpRequest) -> bool:
        """Administrators."""
        return is_administrator(request.user)

    @action(description="Let them try again", permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: Any) -> None:
        """Lift the lock of the chosen names and addresses."""
        count = lift_lock(list(queryset), actor=actor_of(request), now=utc_now())
        self.message_user(request, f"{count} lifted.")


@register(AccessLog)
class AccessLogAdmin(ReadOnlyAdmin):
    """Who logged in when, and from where."""

    list_display = ["attempt_time", "username", "ip_address", "logout_time", "user_agent"]
    list_select_related = False
    search_fields = ["username", "ip_address"]
    sortable_by = ()
    fields = ["attempt_time", "logout_time", "username", "ip_address", "user_agent"]
