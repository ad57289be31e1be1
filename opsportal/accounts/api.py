"""The API's view of whoever calls it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from opsportal.accounts.models import ApiKey, Membership, User
from opsportal.accounts.permissions import Anyone


class KeyDescription(serializers.Serializer[Any]):
    """A key, without its secret."""

    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    team = serializers.CharField(allow_null=True)
    rate_limit = serializers.IntegerField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class TeamRole(serializers.Serializer[Any]):
    """A role in a team."""

    team = serializers.CharField()
    role = serializers.ChoiceField(Membership.Role.choices)


class PersonDescription(serializers.Serializer[Any]):
    """A person and what they are in each team."""

    username = serializers.CharField()
    administrator = serializers.BooleanField()
    roles = TeamRole(many=True)


class Caller(serializers.Serializer[Any]):
    """Whoever calls: a key or a person, the other one is null."""

    key = KeyDescription(allow_null=True)
    person = PersonDescription(allow_null=True)


def _describe_key(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "team": key.team.name if key.team else None,
        "rate_limit": key.rate_limit,
        "expires_at": key.expires_at,
    }


def _describe_person(user: User) -> dict[str, Any]:
    memberships = user.memberships.select_related("team")
    return {
        "username": user.get_username(),
        "administrator": user.is_superuser,
        "roles": [{"team": found.team.name, "role": found.role} for found in memberships],
    }


class WhoAmI(APIView):
    """Who the portal takes you for."""

    permission_classes = [Anyone]

    @extend_schema(
        operation_id="whoami",
        summary="Who this key or session is",
        responses=Caller,
        tags=["accounts"],
    )
    def get(self, request: Request) -> Response:
        """The key or the person behind this request: the simplest test of a key."""
        caller: dict[str, Any] = {"key": None, "person": None}
        if isinstance(request.auth, ApiKey):
            caller["key"] = _describe_key(request.auth)
        elif isinstance(request.user, User):
            caller["person"] = _describe_person(request.user)
        return Response(Caller(caller).data)
