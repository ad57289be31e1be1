"""Admin pages of what teams own: everyone sees it, the team's admins edit it."""

from typing import Any

from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest

from opsportal.accounts.models import ApiKey, Team
from opsportal.accounts.permissions import administered_teams, is_administrator
from opsportal.lib.admin import PortalAdmin, StackedInline


class TeamOwnedAdmin(PortalAdmin):
    """Asks for permission on the object, by its `team`; the model is in settings.TEAM_OWNED."""

    def _may(self, request: HttpRequest, verb: str, obj: Any) -> bool:
        codename = get_permission_codename(verb, self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}", obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever administers a team."""
        return self._may(request, "add", None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever administers the object's team."""
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever administers the object's team."""
        return self._may(request, "delete", obj)

    def own_teams(self, request: HttpRequest) -> frozenset[int]:
        """Those that one may choose from."""
        return administered_teams(request.user)

    def own_keys(self, request: HttpRequest, *scopes: str) -> QuerySet[ApiKey]:
        """Keys with one of the scopes; team admins choose among their own teams'."""
        keys = ApiKey.objects.filter(revoked_at=None)
        if not is_administrator(request.user):
            keys = keys.filter(team__in=self.own_teams(request))
        # SQLite cannot look into a list.
        fit = [key.pk for key in keys.only("scopes") if not set(scopes).isdisjoint(key.scopes)]
        return keys.filter(pk__in=fit)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Team admins choose among their own teams, and have to."""
        mine = db_field.name == "team" and not is_administrator(request.user)
        if mine:
            kwargs["queryset"] = Team.objects.filter(pk__in=self.own_teams(request))
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if mine:
            field.required = True
        return field


class OwnersInline(StackedInline):
    """Rows that may be edited by whoever may edit what they belong to."""

    extra = 0
    hide_title = True
    # The model that they belong to, such as `rule`; of the same app.
    of = ""

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Something new starts with one row to fill in."""
        return 0 if obj else 1

    def _may(self, request: HttpRequest, obj: Any) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.of}", obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the owner."""
        return self._may(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the owner."""
        return self._may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the owner."""
        return self._may(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the owner."""
        return request.user.has_perm(f"{self.opts.app_label}.view_{self.of}", obj)
