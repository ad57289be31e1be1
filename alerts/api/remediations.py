"""Remediations: what rules had done about alerts, and a person's word on what waits for one."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.models import Remediation
from alerts.remediate import approve_remediation, reject_remediation
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import ApiKey, User
from opsportal.accounts.permissions import request_can_respond, scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.errors import ConflictError, ForbiddenError
from opsportal.lib.times import utc_now
from opsportal.safety.models import Operation

REMEDIATION_ID = OpenApiParameter("remediation_id", OpenApiTypes.INT64, OpenApiParameter.PATH)


class OperationSerializer(serializers.ModelSerializer[Operation]):
    """The plan and what came of it; `plan_hash` is what an approval names."""

    class Meta:
        model = Operation
        fields = [
            "id", "state", "outcome", "dry_run", "dry_run_why", "needs_approval", "plan_hash",
            "targets", "calls", "checks", "created_at", "expires_at", "started_at", "finished_at",
            "score",
        ]  # fmt: skip
        read_only_fields = fields


class RemediationSerializer(serializers.ModelSerializer[Remediation]):
    """A rule's wish for one alert; `operation` is null until it is planned."""

    alert = serializers.IntegerField(source="alert_id")
    rule = serializers.CharField(source="rule.name", default=None, allow_null=True)
    operation = OperationSerializer(allow_null=True)

    class Meta:
        model = Remediation
        fields = ["id", "alert", "rule", "plugin", "parameters", "created_at", "operation"]
        read_only_fields = fields


class WordBody(serializers.Serializer[Any]):
    """The hash of the plan that was read, and a remark."""

    hash = serializers.CharField(max_length=64)
    note = serializers.CharField(required=False, allow_blank=True, max_length=1000)


_FOUND = Remediation.objects.select_related("rule", "operation")


def _find(text: str) -> Remediation:
    row = None
    if text.isascii() and text.isdigit() and len(text) < 19:
        row = _FOUND.filter(pk=int(text)).first()
    if row is None:
        raise NotFound("There is no such remediation.")
    return row


@extend_schema(summary="The remediations, newest first")
class RemediationList(generics.ListAPIView[Remediation]):
    """What rules wanted done, newest first."""

    permission_classes = [scoped("alerts:read")]
    serializer_class = RemediationSerializer
    pagination_class = KeysetPagination
    queryset = _FOUND


class RemediationDetail(APIView):
    """One remediation with its plan."""

    permission_classes = [scoped("alerts:read")]

    @extend_schema(
        summary="One remediation with its plan",
        parameters=[REMEDIATION_ID],
        responses=RemediationSerializer,
    )
    def get(self, request: Request, remediation_id: str) -> Response:
        """Show it, with the hash that an approval has to name."""
        return Response(RemediationSerializer(_find(remediation_id)).data)


class _Word(APIView):
    permission_classes = [scoped("alerts:respond")]

    def _give(self, request: Request, remediation_id: str, deed: Any) -> Response:
        row = _find(remediation_id)
        team_id = row.operation.team_id if row.operation else None
        if not request_can_respond(request, team_id):
            raise ForbiddenError("This remediation is another team's.")
        body = WordBody(data=request.data)
        body.is_valid(raise_exception=True)
        if row.operation is None:
            raise ConflictError("It is not planned yet.")
        person = request.user if isinstance(request.user, User) else None
        deed(
            row,
            body.validated_data["hash"],
            user=None if isinstance(request.auth, ApiKey) else person,
            actor=actor_of(request),
            now=utc_now(),
            note=body.validated_data.get("note", ""),
        )
        return Response(RemediationSerializer(_find(remediation_id)).data)


class ApproveRemediation(_Word):
    """A person's yes."""

    @extend_schema(
        summary="Approve the plan of that hash (people only, not keys)",
        operation_id="remediations_approve",
        parameters=[REMEDIATION_ID],
        request=WordBody,
        responses=RemediationSerializer,
    )
    def post(self, request: Request, remediation_id: str) -> Response:
        """Agree to exactly the plan that was read."""
        return self._give(request, remediation_id, approve_remediation)


class RejectRemediation(_Word):
    """A no."""

    @extend_schema(
        summary="Reject the plan of that hash",
        operation_id="remediations_reject",
        parameters=[REMEDIATION_ID],
        request=WordBody,
        responses=RemediationSerializer,
    )
    def post(self, request: Request, remediation_id: str) -> Response:
        """Say no to exactly the plan that was read."""
        return self._give(request, remediation_id, reject_remediation)
