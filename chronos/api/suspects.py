"""Which changes may have brought something about, at any moment and place."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chronos.normalise import change_url
from chronos.suspects import Scene, find_suspects
from opsportal.accounts.permissions import scoped
from opsportal.lib.api import parse_time
from opsportal.lib.times import utc_now

_PLACE = {"service": 200, "environment": 100, "region": 100}
_SYNONYMS = {"app": "service", "env": "environment"}
_FILTERS = [
    OpenApiParameter("at", str, description="When it began: RFC 3339, or an age such as `1h`."),
    OpenApiParameter("service", str, description="Or `app`."),
    OpenApiParameter("environment", str, description="Or `env`."),
    OpenApiParameter("region", str),
]


class TermSerializer(serializers.Serializer[Any]):
    """One factor of the score."""

    name = serializers.CharField()
    value = serializers.FloatField()
    why = serializers.CharField()


class SuspectSerializer(serializers.Serializer[Any]):
    """A change that may be the cause."""

    change_id = serializers.IntegerField(source="event.pk")
    title = serializers.CharField(source="event.title")
    words = serializers.CharField(help_text="`api 412 deployed by jo 6 minutes before`")
    score = serializers.FloatField(help_text="The product of its terms; it orders.")
    terms = TermSerializer(many=True)
    url = serializers.SerializerMethodField()

    def get_url(self, suspect: Any) -> str:
        """Of the change's page."""
        return change_url(suspect.event.pk)


class FoundSuspectsSerializer(serializers.Serializer[Any]):
    """The likeliest first."""

    results = SuspectSerializer(many=True)


class SuspectList(APIView):
    """The suspects of a moment and a place."""

    permission_classes = [scoped("events:read")]

    @extend_schema(
        operation_id="suspects",
        summary="Changes that may have brought something about",
        parameters=_FILTERS,
        responses=FoundSuspectsSerializer,
    )
    def get(self, request: Request) -> Response:
        """List what changed in the three hours before, likeliest cause first, with its reasons."""
        now = utc_now()
        given = {
            _SYNONYMS.get(name, name): str(value).replace("\0", "")
            for name, value in request.query_params.items()
        }
        at = parse_time(given["at"], now=now, field="at") if given.get("at") else now
        service, environment, region = (given.get(n, "")[:most] for n, most in _PLACE.items())
        found = find_suspects(Scene(at, service, environment, region))
        return Response(FoundSuspectsSerializer({"results": found}).data)
