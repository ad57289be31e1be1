"""What is running, and was, for machines."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chronos.api.state_pages import PAGE_PARAMETERS, HistoryPages, StatePages
from chronos.normalise import change_url
from chronos.settle import Place
from chronos.state import (
    Deployed,
    Difference,
    diff_environments,
    diff_moments,
    history,
    running,
)
from chronos.state_query import StateQuery, read_moment, read_state_query, read_word
from opsportal.accounts.permissions import scoped
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import format_instant, utc_now

_FILTERS = [
    OpenApiParameter("service", str, description="One, or several with commas; also `app`."),
    OpenApiParameter("environment", str, description="One, or several; also `env`."),
    OpenApiParameter("region", str, description="One, or several with commas."),
    OpenApiParameter("q", str, description="A part of a service's name, or matchers."),
    OpenApiParameter(
        "match",
        str,
        description="Matchers of service, environment, region, version, kind, team, actor, source.",
    ),
]
_AT = OpenApiParameter("at", str, description="Then instead of now: RFC 3339, or `24h` ago.")


class DeployedSerializer(serializers.Serializer[Any]):
    """What one deployment left in a place."""

    service = serializers.CharField()
    environment = serializers.CharField(allow_blank=True)
    region = serializers.CharField(allow_blank=True)
    version = serializers.CharField(allow_blank=True, help_text="Empty: not known.")
    previous_version = serializers.CharField(allow_blank=True)
    removed = serializers.BooleanField(help_text="It ended what ran.")
    kind = serializers.CharField(help_text="deployment or rollback")
    team = serializers.CharField(allow_blank=True)
    actor = serializers.CharField(allow_blank=True)
    source = serializers.CharField()  # type: ignore[assignment]
    since = serializers.DateTimeField(help_text="The deployment's end.")
    event_id = serializers.IntegerField()
    url = serializers.SerializerMethodField()

    def get_url(self, row: Deployed) -> str:
        """The page of the change."""
        return change_url(row.event_id)


class DeployedPageSerializer(serializers.Serializer[Any]):
    """A page."""

    results = DeployedSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class DifferenceSerializer(serializers.Serializer[Any]):
    """A place whose version differs; null: nothing ran there."""

    service = serializers.CharField()
    environment = serializers.CharField(
        allow_blank=True, help_text="Empty where two environments are compared."
    )
    region = serializers.CharField(allow_blank=True)
    left = DeployedSerializer(allow_null=True)
    right = DeployedSerializer(allow_null=True)


class DiffSerializer(serializers.Serializer[Any]):
    """All places that differ, and what the sides are."""

    left = serializers.CharField(help_text="The environment, or the moment.")
    right = serializers.CharField()
    results = DifferenceSerializer(many=True)


class State(APIView):
    """What runs, by service, environment and region."""

    permission_classes = [scoped("events:read")]

    @extend_schema(
        summary="What is running, now or then",
        parameters=[_AT, *_FILTERS, *PAGE_PARAMETERS],
        responses=DeployedPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List what runs."""
        pages = StatePages(request)
        query = _query(request, utc_now())
        rows, after = running(query, pages.limit, pages.after)
        return pages.answer(DeployedSerializer(rows, many=True).data, after)


class StateHistory(APIView):
    """What ran in one place, newest first."""

    permission_classes = [scoped("events:read")]

    @extend_schema(
        summary="What ran in one place",
        parameters=[
            OpenApiParameter("service", str, required=True),
            OpenApiParameter("environment", str),
            OpenApiParameter("region", str),
            *PAGE_PARAMETERS,
        ],
        responses=DeployedPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List what was deployed there, with what ended it."""
        pages = HistoryPages(request)
        params = dict(request.query_params.lists())
        place = Place(*(read_word(params, name) for name in Place._fields))
        if not place.service:
            raise _missing("service", "say of which service")
        rows, before = history(place, pages.limit, pages.after)
        return pages.answer(DeployedSerializer(rows, many=True).data, before)


class StateDiff(APIView):
    """Where two environments, or two moments, differ."""

    permission_classes = [scoped("events:read")]

    @extend_schema(
        summary="Where two environments, or two moments, differ",
        description="Either `environments=staging,prod` (with `at`, if then), or `from` and `to`.",
        parameters=[
            OpenApiParameter("environments", str, description="Two, with a comma."),
            OpenApiParameter("from", str, description="RFC 3339, or `24h` ago."),
            OpenApiParameter("to", str, description="Likewise; now unless given."),
            _AT,
            *_FILTERS,
        ],
        responses=DiffSerializer,
    )
    def get(self, request: Request) -> Response:
        """List the services and regions whose version differs."""
        now = utc_now()
        params = dict(request.query_params.lists())
        query = _query(request, now)
        pair = [name.strip() for name in read_word(params, "environments").split(",")]
        since, until = read_word(params, "from"), read_word(params, "to")
        if pair != [""] and (since or until):
            raise _missing("environments", "give two environments, or `from` and `to`, not both")
        if pair != [""]:
            return self._environments(pair, query)
        if not since:
            raise _missing("from", "give a moment, or two environments as `environments=a,b`")
        moments = [
            read_moment(text, name, now=now) for text, name in ((since, "from"), (until, "to"))
        ]
        begin, end = moments[0] or now, moments[1] or now
        if begin > end:
            raise _missing("from", "is after `to`")
        found = diff_moments(query, begin, moments[1])
        return _diff(format_instant(begin), format_instant(end), found)

    def _environments(self, pair: list[str], query: StateQuery) -> Response:
        if len(pair) != 2:
            raise _missing("environments", "must be two, with a comma between them")
        if query.environment:
            raise _missing("environment", "`environments` says already which")
        left, right = pair
        return _diff(left, right, diff_environments(left, right, query))


def _diff(left: str, right: str, found: list[Difference]) -> Response:
    return Response(DiffSerializer({"left": left, "right": right, "results": found}).data)


def _query(request: Request, now: datetime) -> StateQuery:
    return read_state_query(dict(request.query_params.lists()), now=now)


def _missing(field: str, message: str) -> PayloadError:
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])
