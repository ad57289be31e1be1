"""The noise report for machines."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.noise import Week
from alerts.noise.recall import recall_noise
from opsportal.accounts.permissions import scoped
from opsportal.lib.times import utc_now


class WeekSerializer(serializers.Serializer[Any]):
    """One team in one week."""

    team = serializers.CharField(help_text="Empty: of no team.")
    start = serializers.DateField(help_text="The week's Monday.")
    episodes = serializers.IntegerField()
    repeats = serializers.IntegerField()
    held_back = serializers.IntegerField()
    resolved = serializers.IntegerField()
    ignored = serializers.IntegerField(help_text="Over, and neither person nor remediation acted.")
    without_person = serializers.IntegerField(help_text="Over without a person.")
    remediated = serializers.IntegerField()
    mtta = serializers.SerializerMethodField(help_text="Median seconds until acknowledged.")
    mttr = serializers.SerializerMethodField(help_text="Median seconds until over.")

    def get_mtta(self, week: Week) -> float | None:
        """Seconds."""
        return None if week.mtta is None else week.mtta.total_seconds()

    def get_mttr(self, week: Week) -> float | None:
        """Seconds."""
        return None if week.mttr is None else week.mttr.total_seconds()


class TalkerSerializer(serializers.Serializer[Any]):
    """One name of one service in the last seven days."""

    name = serializers.CharField()
    service = serializers.CharField(allow_blank=True)
    episodes = serializers.IntegerField()
    repeats = serializers.IntegerField()
    notifications = serializers.IntegerField()


class FlappingKeySerializer(serializers.Serializer[Any]):
    """A key that opened again and again in the last seven days."""

    dedup_key = serializers.CharField()
    name = serializers.CharField()
    episodes = serializers.IntegerField()
    latest = serializers.IntegerField(help_text="The id of its latest episode.")


class QuietRuleSerializer(serializers.Serializer[Any]):
    """A rule that matched nothing in the window."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    match = serializers.CharField(allow_blank=True)
    team = serializers.CharField(allow_blank=True)
    last_matched = serializers.DateField(allow_null=True)


class NoiseSerializer(serializers.Serializer[Any]):
    """What alerted without use."""

    now = serializers.DateTimeField()
    since = serializers.DateTimeField()
    weeks = WeekSerializer(many=True)
    total = WeekSerializer()
    by_episodes = TalkerSerializer(many=True)
    by_repeats = TalkerSerializer(many=True)
    by_notifications = TalkerSerializer(many=True)
    flapping = FlappingKeySerializer(many=True)
    quiet_rules = QuietRuleSerializer(many=True)
    counted_since = serializers.DateField(
        allow_null=True, help_text="The first day on which matches of rules were counted."
    )
    sampled = serializers.IntegerField(help_text="Medians are of every so-manieth episode.")


class Noise(APIView):
    """The noise report."""

    permission_classes = [scoped("alerts:read")]

    @extend_schema(
        operation_id="alerts_noise",
        summary="What alerted without use, by team and week",
        parameters=[OpenApiParameter("team", str, description="Only this team's.")],
        responses=NoiseSerializer,
    )
    def get(self, request: Request) -> Response:
        """The last eight weeks, at most five minutes old."""
        team = request.query_params.get("team", "").strip()[:100]
        return Response(NoiseSerializer(recall_noise(utc_now(), team)).data)
