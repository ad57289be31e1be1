"""Silences through the API: read, made, changed, ended, and tried out beforehand."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.api.fields import DurationField, InstantField, parse_number, team_field
from alerts.api.serializers import AlertSerializer
from alerts.change import check_silence, end_silence, save_silence
from alerts.models import Silence
from alerts.silence import Hits, preview_silence
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import ApiKey
from opsportal.accounts.permissions import (
    ScopedByMethod,
    request_can_silence,
    responding_teams,
    scoped,
)
from opsportal.lib.api import KeysetPagination
from opsportal.lib.errors import ForbiddenError
from opsportal.lib.times import utc_now

ID = OpenApiParameter("silence_id", OpenApiTypes.INT64, OpenApiParameter.PATH)
_OPEN = {"true": True, "1": True, "false": False, "0": False}
_TRUE_FALSE = 'is "true" or "false"'


class SilenceBody(serializers.Serializer[Any]):
    """What is given of a silence; all but matchers, comment and times may be left out."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=100)
    match = serializers.CharField(max_length=2000)
    comment = serializers.CharField(max_length=1000)
    starts_at = InstantField(required=False)
    ends_at = InstantField(required=False, allow_null=True)
    recurrence = serializers.CharField(required=False, allow_blank=True, max_length=500)
    zone = serializers.CharField(required=False, max_length=64)
    duration = DurationField(required=False, allow_null=True)
    team = team_field()
    end_when_unmatched = serializers.BooleanField(required=False)


class PreviewBody(SilenceBody):
    """As a silence; nobody has to say why yet."""

    comment = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class WindowSerializer(serializers.Serializer[Any]):
    """A time in which nobody is told."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class SilenceSerializer(serializers.ModelSerializer[Silence]):
    """A silence, with where it stands."""

    duration = DurationField(allow_null=True)
    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    state = serializers.SerializerMethodField()
    window = serializers.SerializerMethodField()

    class Meta:
        model = Silence
        fields = [
            "id", "uuid", "name", "state", "match", "comment", "author", "team", "starts_at",
            "ends_at", "recurrence", "zone", "duration", "window", "end_when_unmatched",
            "created_at", "ended_at", "version",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(Silence.State.choices))
    def get_state(self, silence: Silence) -> str:
        """Pending (also between two times), active or expired."""
        return silence.state_at(utc_now())

    @extend_schema_field(WindowSerializer(allow_null=True))
    def get_window(self, silence: Silence) -> Any:
        """The time around now in which it holds, if it does."""
        window = silence.window_at(utc_now())
        return None if window is None else _window(window)


class NamedCount(serializers.Serializer[Any]):
    """How many alerts have that name."""

    name = serializers.CharField()
    count = serializers.IntegerField()


class HitsSerializer(serializers.Serializer[Any]):
    """Alerts that match: how many, counted up to a bound, and some of them."""

    count = serializers.IntegerField()
    more = serializers.BooleanField(help_text="There are more than that.")
    samples = AlertSerializer(many=True)
    names = NamedCount(many=True)


class SilencePreviewSerializer(serializers.Serializer[Any]):
    """What a silence would hold back."""

    now = HitsSerializer()
    last_week = HitsSerializer()
    windows = WindowSerializer(many=True)
    zone = serializers.CharField()


def draft_of(body: SilenceBody, request: Request) -> Silence:
    """A new silence as the body describes it. Raises ForbiddenError."""
    given = dict(body.validated_data)
    given.setdefault("starts_at", utc_now())
    if "team" not in given:
        given["team_id"] = _own_team(request)
    silence = Silence(**given)
    _require(request, silence)
    return silence


def _own_team(request: Request) -> int | None:
    """The one that is meant where none is named: the key's, or the person's only one."""
    if isinstance(request.auth, ApiKey):
        return request.auth.team_id
    mine = list(responding_teams(request.user))
    return mine[0] if len(mine) == 1 else None


def _require(request: Request, silence: Silence) -> None:
    if not request_can_silence(request, silence.team_id):
        raise ForbiddenError(
            "You may silence the alerts of your own teams: give the team. "
            "Without a team a silence is for the alerts of all."
        )


def _window(window: tuple[Any, Any]) -> dict[str, Any]:
    return WindowSerializer({"starts_at": window[0], "ends_at": window[1]}).data


def _hits(hits: Hits) -> dict[str, Any]:
    return {
        "count": hits.count,
        "more": hits.more,
        "samples": hits.samples,
        "names": [{"name": name, "count": count} for name, count in hits.names],
    }


class _ByMethod(ScopedByMethod, APIView):
    read_scope, write_scope = "config:read", "silences:write"


class SilenceList(_ByMethod, generics.ListAPIView[Silence]):
    """The silences, newest first; and, by POST, a new one."""

    serializer_class = SilenceSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Silence]:
        """All, or those that are (not) over."""
        rows = Silence.objects.select_related("team")
        text = self.request.query_params.get("open", "")
        if not text:
            return rows
        if text not in _OPEN:
            raise serializers.ValidationError({"open": _TRUE_FALSE})
        rest = Q(ended_at=None) & (Q(ends_at=None) | Q(ends_at__gt=utc_now()))
        return rows.filter(rest if _OPEN[text] else ~rest)

    @extend_schema(
        operation_id="silences_list",
        summary="The silences, newest first",
        parameters=[OpenApiParameter("open", bool, description="Those not over, or those over.")],
        responses=SilenceSerializer(many=True),
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The list."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="silences_create",
        summary="Silence alerts for a time, or at recurring times",
        request=SilenceBody,
        responses={201: SilenceSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make one."""
        body = SilenceBody(data=request.data)
        body.is_valid(raise_exception=True)
        silence = draft_of(body, request)
        save_silence(silence, actor=actor_of(request), now=utc_now())
        return Response(SilenceSerializer(silence).data, status=201)


class SilenceDetail(_ByMethod):
    """One silence."""

    @extend_schema(
        operation_id="silence_retrieve",
        summary="One silence",
        parameters=[ID],
        responses=SilenceSerializer,
    )
    def get(self, request: Request, silence_id: str) -> Response:
        """It."""
        return Response(SilenceSerializer(_find(silence_id)).data)

    @extend_schema(
        operation_id="silence_change",
        summary="Change a silence; another one takes its place where what it silences changes",
        parameters=[ID],
        request=SilenceBody,
        responses=SilenceSerializer,
    )
    def patch(self, request: Request, silence_id: str) -> Response:
        """Change what is given; the answer has the id of the silence that holds from now on."""
        silence = _find(silence_id)
        _require(request, silence)
        body = SilenceBody(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        for name, value in body.validated_data.items():
            setattr(silence, name, value)
        _require(request, silence)
        save_silence(silence, actor=actor_of(request), now=utc_now())
        return Response(SilenceSerializer(silence).data)

    @extend_schema(
        operation_id="silence_end",
        summary="End a silence; it is kept",
        parameters=[ID],
        responses=SilenceSerializer,
    )
    def delete(self, request: Request, silence_id: str) -> Response:
        """End it; one that is over stays so."""
        silence = _find(silence_id)
        _require(request, silence)
        end_silence(silence, actor=actor_of(request), now=utc_now())
        return Response(SilenceSerializer(silence).data)


class SilencePreview(APIView):
    """What a silence would hold back."""

    permission_classes = [scoped("silences:write")]

    @extend_schema(
        operation_id="silences_preview",
        summary="What a silence would match now, has matched of late, and when it will be",
        request=PreviewBody,
        responses=SilencePreviewSerializer,
    )
    def post(self, request: Request) -> Response:
        """Nothing is stored."""
        body = PreviewBody(data=request.data)
        body.is_valid(raise_exception=True)
        silence = draft_of(body, request)
        silence.comment = silence.comment or "preview"
        now = utc_now()
        check_silence(silence, now=now)
        found = preview_silence(silence, now=now)
        answer = {
            "now": _hits(found.now),
            "last_week": _hits(found.last_week),
            "windows": [_window(window) for window in found.windows],
            "zone": found.zone,
        }
        return Response(SilencePreviewSerializer(answer).data)


def _find(text: str) -> Silence:
    """The silence of an id. Raises NotFound."""
    number = parse_number(text, "There is no such silence.")
    rows = Silence.objects.select_related("team")
    return generics.get_object_or_404(rows, pk=number)
