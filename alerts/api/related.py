"""What else is wrong at the same place and time."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.api.read import ALERT_ID, find_alert, parse_id
from alerts.correlate import related_alerts
from opsportal.accounts.permissions import scoped
from opsportal.lib.times import utc_now


class SharedSerializer(serializers.Serializer[Any]):
    """An attribute that both alerts have."""

    name = serializers.CharField()
    value = serializers.CharField()


class RelatedSerializer(serializers.Serializer[Any]):
    """Another alert with what it shares."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    summary = serializers.CharField()
    severity = serializers.CharField()
    status = serializers.CharField()
    service = serializers.CharField()
    resource = serializers.CharField()
    starts_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    score = serializers.FloatField(help_text="More shared, and shared by fewer: higher.")
    shared = SharedSerializer(many=True)


class RelatedAnswerSerializer(serializers.Serializer[Any]):
    """The ten that share most, best first."""

    results = RelatedSerializer(many=True)


class RelatedAlerts(APIView):
    """Alerts of the same time that share attributes."""

    permission_classes = [scoped("alerts:read")]

    @extend_schema(
        operation_id="alerts_related",
        summary="Alerts of the same time that share attributes",
        parameters=[ALERT_ID],
        responses=RelatedAnswerSerializer,
    )
    def get(self, request: Request, alert_id: str) -> Response:
        """List what was open at the same time or began within 15 minutes, and shares something."""
        related = related_alerts(find_alert(parse_id(alert_id)), now=utc_now())
        return Response(RelatedAnswerSerializer({"results": related}).data)
