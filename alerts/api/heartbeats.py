"""Heartbeats: the door that beats come in by, and how they stand."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.api.fields import DurationField
from alerts.heartbeat import Beat, hear_beat
from alerts.models import Heartbeat
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import ApiKey
from opsportal.accounts.permissions import ScopedByMethod, scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.times import utc_now

BEAT_STATUSES = ["ok", "fail"]
_NAME = OpenApiParameter("name", str, OpenApiParameter.PATH)


class HeartbeatSerializer(serializers.ModelSerializer[Heartbeat]):
    """A heartbeat and how it stands."""

    interval = DurationField()
    grace = DurationField()
    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    labels = serializers.DictField(child=serializers.CharField(allow_blank=True))

    class Meta:
        model = Heartbeat
        fields = [
            "name", "state", "interval", "grace", "last_seen_at", "due_at", "message", "severity",
            "service", "environment", "labels", "team", "enabled",
        ]  # fmt: skip
        read_only_fields = fields


class BeatBody(serializers.Serializer[Any]):
    """All optional: a beat needs no body."""

    interval = DurationField(required=False, help_text="Sets it up, or changes it.")
    grace = DurationField(required=False)
    status = serializers.ChoiceField(BEAT_STATUSES, required=False, default="ok")
    message = serializers.CharField(required=False, allow_blank=True, max_length=1000, default="")


class BeatAnswer(serializers.Serializer[Any]):
    """What it is taken for from now on."""

    name = serializers.CharField()
    state = serializers.ChoiceField(Heartbeat.State.choices)


@extend_schema(summary="The heartbeats, by name", responses=HeartbeatSerializer(many=True))
class HeartbeatList(generics.ListAPIView[Heartbeat]):
    """The heartbeats and how they stand."""

    permission_classes = [scoped("alerts:read")]
    serializer_class = HeartbeatSerializer
    pagination_class = KeysetPagination
    keyset = ("name",)
    queryset = Heartbeat.objects.select_related("team")


class HeartbeatDetail(ScopedByMethod, APIView):
    """One heartbeat: to read, and to beat, which is to send an alert, or that there is none."""

    read_scope, write_scope = "alerts:read", "alerts:write"

    @extend_schema(
        operation_id="heartbeat_retrieve",
        summary="One heartbeat",
        parameters=[_NAME],
        responses=HeartbeatSerializer,
    )
    def get(self, request: Request, name: str) -> Response:
        """How it stands."""
        known = "\0" not in name
        rows = Heartbeat.objects.select_related("team").filter(name=name)
        heartbeat = rows.first() if known else None
        if heartbeat is None:
            raise NotFound("There is no such heartbeat.")
        return Response(HeartbeatSerializer(heartbeat).data)

    @extend_schema(
        operation_id="heartbeat_beat",
        summary="Say that it is alive, or that it failed",
        parameters=[_NAME],
        request=BeatBody,
        responses=BeatAnswer,
    )
    def post(self, request: Request, name: str) -> Response:
        """Hear it. An unknown one is set up when the body gives its interval."""
        body = BeatBody(data=request.data if request.body else {})
        body.is_valid(raise_exception=True)
        given = body.validated_data
        key = request.auth
        beat = Beat(
            name=name,
            failed=given["status"] == "fail",
            message=given["message"],
            interval=given.get("interval"),
            grace=given.get("grace"),
            team_id=key.team_id if isinstance(key, ApiKey) else None,
        )
        state = None
        if "\0" not in name:
            state = hear_beat(beat, actor=actor_of(request), now=utc_now())
        if state is None:
            raise NotFound(
                "There is no such heartbeat. Set it up in the admin or in a configuration file, "
                'or beat with how often it comes: {"interval": "5m"}.'
            )
        return Response({"name": name, "state": state})

    @extend_schema(
        operation_id="heartbeat_beat_again",
        summary="As POST",
        parameters=[_NAME],
        request=BeatBody,
        responses=BeatAnswer,
    )
    def put(self, request: Request, name: str) -> Response:
        """As POST, which may be repeated as well."""
        return self.post(request, name)
