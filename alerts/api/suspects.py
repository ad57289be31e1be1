"""Which changes may have brought an alert about."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.api.read import ALERT_ID, find_alert, parse_id
from alerts.suspect import VERDICTS, accuse, judge_suspect
from chronos.api.suspects import TermSerializer
from chronos.normalise import change_url
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import request_can_respond, scoped
from opsportal.lib.errors import ForbiddenError
from opsportal.lib.times import utc_now


class AccusedSerializer(serializers.Serializer[Any]):
    """A change that may be the cause."""

    change_id = serializers.IntegerField()
    title = serializers.CharField()
    words = serializers.CharField(help_text="`api 412 deployed by jo 6 minutes before`")
    score = serializers.FloatField(help_text="The product of its terms; it orders.")
    terms = TermSerializer(many=True)
    verdict = serializers.ChoiceField(list(VERDICTS))
    found_by = serializers.CharField(allow_blank=True)
    found_at = serializers.DateTimeField(allow_null=True)
    url = serializers.SerializerMethodField()

    def get_url(self, accused: Any) -> str:
        """Of the change's page."""
        return change_url(accused.change_id)


class SuspectsAnswerSerializer(serializers.Serializer[Any]):
    """Confirmed ones, then the likeliest, then rejected ones."""

    results = AccusedSerializer(many=True)


class VerdictBody(serializers.Serializer[Any]):
    """What was found."""

    verdict = serializers.ChoiceField(list(VERDICTS), help_text="`open` takes a verdict back.")


class Suspects(APIView):
    """The suspects of one alert."""

    permission_classes = [scoped("alerts:read")]

    @extend_schema(
        operation_id="alerts_suspects",
        summary="Changes that may have brought an alert about",
        parameters=[ALERT_ID],
        responses=SuspectsAnswerSerializer,
    )
    def get(self, request: Request, alert_id: str) -> Response:
        """List what changed before, likeliest cause first, with each term of the score."""
        accused = accuse(find_alert(parse_id(alert_id)))
        return Response(SuspectsAnswerSerializer({"results": accused}).data)


class SuspectVerdict(APIView):
    """What a person or a bot found of one suspect."""

    permission_classes = [scoped("alerts:respond")]

    @extend_schema(
        operation_id="alerts_suspect_verdict",
        summary="Confirm or reject a suspect",
        parameters=[
            ALERT_ID, OpenApiParameter("change_id", OpenApiTypes.INT64, OpenApiParameter.PATH)
        ],
        request=VerdictBody,
        responses=SuspectsAnswerSerializer,
    )  # fmt: skip
    def post(self, request: Request, alert_id: str, change_id: str) -> Response:
        """Keep the verdict; the answer is the list as it is then."""
        alert = find_alert(parse_id(alert_id))
        if not request_can_respond(request, alert.team_id):
            raise ForbiddenError("This alert is another team's.")
        body = VerdictBody(data=request.data)
        body.is_valid(raise_exception=True)
        verdict = body.validated_data["verdict"]
        change = parse_id(change_id)
        judge_suspect(alert, change, verdict, actor=actor_of(request), now=utc_now())
        return Response(SuspectsAnswerSerializer({"results": accuse(alert)}).data)
