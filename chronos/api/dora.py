"""DORA's figures for machines."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chronos.dora import GROUPS, REASONS, Figures, measure_dora, read_dora_query
from opsportal.accounts.permissions import scoped
from opsportal.lib.times import utc_now

_REASON_SCHEMA = {
    "type": "object",
    "properties": {reason: {"type": "integer"} for reason in REASONS},
}


class SecondsField(serializers.FloatField):
    """A length of time in seconds."""

    def to_representation(self, value: Any) -> Any:
        """Seconds."""
        return float(value.total_seconds())


class FiguresSerializer(serializers.Serializer[Any]):
    """Null is not known."""

    days = serializers.FloatField(help_text="So long it was looked at.")
    deployments = serializers.IntegerField(help_text="Those that succeeded.")
    per_day = serializers.FloatField(allow_null=True, help_text="Deployment frequency.")
    lead_time = SecondsField(
        allow_null=True, help_text="Change lead time: median seconds from commit to its end."
    )
    with_commits = serializers.IntegerField(
        help_text="Of the deployments, those whose commits' times are known: only they count."
    )
    attempts = serializers.IntegerField(help_text="Deployments that succeeded or failed.")
    failed = serializers.IntegerField(help_text="Of these, those that failed for any reason.")
    reasons = serializers.SerializerMethodField(help_text="The failed ones by their reason.")
    fail_rate = serializers.FloatField(allow_null=True, help_text="Change fail rate, 0 to 1.")
    recovery_time = SecondsField(
        allow_null=True, help_text="Median seconds until something newer was deployed."
    )
    recovered = serializers.IntegerField(help_text="Of the failed ones, those it is of.")
    rollbacks = serializers.IntegerField()
    hotfixes = serializers.IntegerField()
    rework_rate = serializers.FloatField(
        allow_null=True, help_text="Rollbacks and hotfixes of all deployments and rollbacks."
    )

    @extend_schema_field(_REASON_SCHEMA)
    def get_reasons(self, figures: Figures) -> dict[str, int]:
        """Every reason, also those that none has."""
        return {reason: figures.reasons[reason] for reason in REASONS}


class DoraWeekSerializer(serializers.Serializer[Any]):
    """One week."""

    start = serializers.DateField(help_text="Its Monday, UTC.")
    figures = FiguresSerializer()


class DoraGroupSerializer(serializers.Serializer[Any]):
    """One service, environment or team."""

    name = serializers.CharField(allow_blank=True)
    figures = FiguresSerializer()


class DoraSerializer(serializers.Serializer[Any]):
    """All of it."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    environments = serializers.ListField(child=serializers.CharField())
    within = SecondsField(help_text="What is taken back or mended within so long had failed.")
    by = serializers.ChoiceField(GROUPS)
    complete = serializers.BooleanField(help_text="Whether nothing was left out.")
    total = FiguresSerializer()
    weeks = DoraWeekSerializer(many=True)
    groups = DoraGroupSerializer(many=True, help_text="The busiest first.")


class Dora(APIView):
    """How software is delivered."""

    permission_classes = [scoped("events:read")]

    @extend_schema(
        operation_id="dora",
        summary="DORA's figures of the deployments to production",
        parameters=[
            OpenApiParameter("weeks", OpenApiTypes.INT, description="8 unless given, at most 53."),
            OpenApiParameter(
                "environment", str, description="Instead of those that count as production."
            ),
            OpenApiParameter("service", str, description="One, or several with commas."),
            OpenApiParameter("team", str, description="One, or several with commas."),
            OpenApiParameter("by", str, enum=GROUPS, description="What `groups` are."),
            OpenApiParameter(
                "within", str, description="24h unless given, at most 7d: what is taken back then."
            ),
        ],
        responses=DoraSerializer,
    )
    def get(self, request: Request) -> Response:
        """Measure."""
        query = read_dora_query(dict(request.query_params.lists()), now=utc_now())
        report = measure_dora(query)
        answer = {
            "since": query.since,
            "until": query.until,
            "environments": query.environment,
            "within": query.within,
            "by": query.by,
            "complete": report.complete,
            "total": report.total,
            "weeks": [{"start": start, "figures": one} for start, one in report.weeks],
            "groups": [{"name": name, "figures": one} for name, one in report.groups],
        }
        return Response(DoraSerializer(answer).data)
