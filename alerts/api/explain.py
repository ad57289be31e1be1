"""Why who was told, or not, for machines."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.api.read import ALERT_ID, find_alert, parse_id
from alerts.explain import Part, explain_alert
from alerts.explain.found import KINDS
from alerts.models import Decision
from opsportal.accounts.permissions import scoped
from opsportal.lib.times import utc_now


class MatcherSerializer(serializers.Serializer[Any]):
    """One condition and whether it held."""

    text = serializers.CharField()
    holds = serializers.BooleanField()


class PartSerializer(serializers.Serializer[Any]):
    """A rule, silence, change, inhibition, subscription or cap, with what it had to say."""

    kind = serializers.ChoiceField([*KINDS, "cap"])
    id = serializers.IntegerField()
    version = serializers.IntegerField(help_text="As it was then; 0 where none was kept.")
    name = serializers.CharField(allow_blank=True)
    match = serializers.CharField(allow_blank=True)
    matchers = serializers.SerializerMethodField()
    matched = serializers.BooleanField()
    acted = serializers.BooleanField(help_text="Whether it took part in the decision.")
    actions = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_blank=True)

    @extend_schema_field(MatcherSerializer(many=True))
    def get_matchers(self, part: Part) -> list[dict[str, object]]:
        """Each condition by itself."""
        return [{"text": text, "holds": holds} for text, holds in part.matchers]


class ExplainedSerializer(serializers.Serializer[Any]):
    """One routed transition."""

    transition = serializers.IntegerField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(Decision.Outcome.choices, allow_blank=True)
    policy_version = serializers.IntegerField(allow_null=True)
    words = serializers.CharField()
    took_part = PartSerializer(many=True)
    others = PartSerializer(many=True)
    traced = serializers.BooleanField(help_text="Whether `others` is all that was looked at.")
    note = serializers.CharField(allow_blank=True)


class AskedNowSerializer(serializers.Serializer[Any]):
    """What the present policy would decide."""

    policy_version = serializers.IntegerField()
    words = serializers.CharField()
    took_part = PartSerializer(many=True)
    others = PartSerializer(many=True)


class ExplanationSerializer(serializers.Serializer[Any]):
    """Every decision about an alert, latest first, matcher by matcher."""

    alert = serializers.IntegerField()
    words = serializers.ListField(child=serializers.CharField())
    decisions = ExplainedSerializer(many=True)
    asked_now = AskedNowSerializer(allow_null=True)


class ExplainAlert(APIView):
    """Why who was told, or not."""

    permission_classes = [scoped("alerts:read")]

    @extend_schema(
        operation_id="alerts_explain",
        summary="Why who was told, or not",
        parameters=[ALERT_ID],
        responses=ExplanationSerializer,
    )
    def get(self, request: Request, alert_id: str) -> Response:
        """Explain each decision by the policy of its time, and what would be decided now."""
        explanation = explain_alert(find_alert(parse_id(alert_id)), now=utc_now())
        return Response(ExplanationSerializer(explanation).data)
