"""Who may do what, as plain functions and as permission classes of the REST framework.

administrator: everything. viewer (any membership): sees everything. responder: responds to alerts
of the own team and of no team. team_admin: edits the own team's rules, channels and keys.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from opsportal.accounts.keys import SCOPES
from opsportal.accounts.models import ApiKey, Membership, User

Person = User | AnonymousUser
_Role = Membership.Role


def roles_of(user: Person) -> Mapping[int, str]:
    """Team id -> role; read once per user object, that is once per request."""
    if not isinstance(user, User) or not user.is_active:
        return {}
    known: Mapping[int, str] | None = user.__dict__.get("_roles")
    if known is None:
        known = dict(user.memberships.order_by().values_list("team_id", "role"))
        user.__dict__["_roles"] = known
    return known


def is_administrator(user: Person) -> bool:
    """Whether all is allowed."""
    return user.is_active and user.is_superuser


def can_view(user: Person) -> bool:
    """Whether the person may see the portal."""
    return is_administrator(user) or bool(roles_of(user))


def can_respond(user: Person, team_id: int | None) -> bool:
    """Whether the person may act on alerts of that team; any responder on those of none."""
    if is_administrator(user):
        return True
    roles = roles_of(user)
    asked = roles.values() if team_id is None else [roles.get(team_id)]
    return any(role in (_Role.RESPONDER, _Role.TEAM_ADMIN) for role in asked)


def responding_teams(user: Person) -> frozenset[int]:
    """The teams for whose alerts the person may respond by membership."""
    roles = roles_of(user).items()
    return frozenset(team for team, role in roles if role in (_Role.RESPONDER, _Role.TEAM_ADMIN))


def administered_teams(user: Person) -> frozenset[int]:
    """The teams whose rules, channels and keys the person may edit by membership."""
    return frozenset(team for team, role in roles_of(user).items() if role == _Role.TEAM_ADMIN)


def can_administer(user: Person, team_id: int | None) -> bool:
    """Whether the person may edit what the team owns; what no team owns is administrators'."""
    return is_administrator(user) or team_id in administered_teams(user)


def request_can_respond(request: Request | HttpRequest, team_id: int | None) -> bool:
    """The same for whoever sent the request; a team's key responds as its team would."""
    return request_can_write(request, team_id, "alerts:respond")


def request_can_write(request: Request | HttpRequest, team_id: int | None, scope: str) -> bool:
    """Whether a key with the scope, or a person as a responder, may write what the team has."""
    key = getattr(request, "auth", None)
    if not isinstance(key, ApiKey):
        return can_respond(request.user, team_id)
    mine = key.team_id is None or team_id is None or key.team_id == team_id
    return mine and scope in key.scopes


def request_can_silence(request: Request | HttpRequest, team_id: int | None) -> bool:
    """Whether whoever sent it may silence that team's alerts; None: everybody's."""
    key = getattr(request, "auth", None)
    if isinstance(key, ApiKey):
        return key.team_id in (None, team_id)
    return is_administrator(request.user) or team_id in responding_teams(request.user)


def request_can_administer(request: Request | HttpRequest, team_id: int | None) -> bool:
    """Whether whoever sent it may edit what the team owns; a key of no team, whatever there is."""
    key = getattr(request, "auth", None)
    if isinstance(key, ApiKey):
        return key.team_id in (None, team_id)
    return can_administer(request.user, team_id)


def _person_has(user: Person, scope: str) -> bool:
    # Everybody may subscribe; whose subscription it is decides about the rest.
    if scope.endswith(":read") or scope == "subscriptions:write":
        return can_view(user)
    # To send and to respond takes a responder, of whichever team.
    return can_respond(user, None)


class NobodyYet(BasePermission):
    """The default: a view that names no permission lets nobody in."""

    message = "This endpoint lets nobody in."

    def has_permission(self, request: Request, view: object) -> bool:
        """No."""
        return False


class Anyone(BasePermission):
    """Any valid key, any person who is signed in."""

    def has_permission(self, request: Request, view: object) -> bool:
        """Whether the request has an author."""
        return isinstance(request.auth, ApiKey) or request.user.is_authenticated


def scoped(scope: str) -> type[BasePermission]:
    """A permission class: keys with the scope, persons with the matching role.

    Of `alerts:respond` the object's team decides as well.
    """
    if scope not in SCOPES:
        raise LookupError(f"no scope {scope!r}; known: {', '.join(SCOPES)}")

    class Scoped(BasePermission):
        message = f"This needs the scope {scope}, or the matching role."

        def has_permission(self, request: Request, view: object) -> bool:
            if isinstance(request.auth, ApiKey):
                return scope in request.auth.scopes
            return _person_has(request.user, scope)

        def has_object_permission(self, request: Request, view: object, obj: Any) -> bool:
            if scope != "alerts:respond":
                return True
            return request_can_respond(request, getattr(obj, "team_id", None))

    return Scoped


class ScopedByMethod:
    """Mixin of views where reading takes another scope than writing."""

    read_scope: ClassVar[str]
    write_scope: ClassVar[str]
    request: Any  # of the view

    def get_permissions(self) -> list[BasePermission]:
        """By the method of the request."""
        reading = self.request.method in SAFE_METHODS
        return [scoped(self.read_scope if reading else self.write_scope)()]
