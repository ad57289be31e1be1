"""Roles as Django permissions, so that the admin and templates ask the usual questions."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend

from opsportal.accounts.permissions import (
    Person,
    administered_teams,
    can_administer,
    can_view,
    is_administrator,
    responding_teams,
)


class RoleBackend(ModelBackend):
    """Answers by role; Django's own groups and permission rows play no part.

    Administrators may do all (Django asks no backend about them), members see everything but
    what settings.ADMINISTRATORS_ONLY names, team admins edit what settings.TEAM_OWNED names, and
    responders what settings.RESPONDER_OWNED does.
    """

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Whether the person's roles grant it; without an object, for whichever team."""
        if is_administrator(user_obj):
            return True
        if not can_view(user_obj):
            return False
        if perm == "accounts.enter_portal":
            return True
        app, _, codename = perm.partition(".")
        verb, _, model = codename.partition("_")
        if app in settings.ADMINISTRATORS_ONLY:
            return False
        return verb == "view" or _may_edit(user_obj, f"{app}.{model}", verb, obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether the person sees anything of that app."""
        if is_administrator(user_obj):
            return True
        return can_view(user_obj) and app_label not in settings.ADMINISTRATORS_ONLY


def _may_edit(user: Person, model: str, verb: str, obj: Any) -> bool:
    if verb not in ("add", "change", "delete"):
        return False
    if model in settings.RESPONDER_OWNED:
        mine = responding_teams(user)
        return bool(mine) if obj is None else obj.team_id in mine
    if model not in settings.TEAM_OWNED:
        return False
    if obj is None:
        return bool(administered_teams(user))
    return can_administer(user, obj.team_id)
