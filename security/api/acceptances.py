"""Acceptances of risks, and overrides of checks, for machines."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import ScopedByMethod, request_can_administer, scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.api.schema import ERROR
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import utc_now
from security.accept import (
    MOST_AT_ONCE,
    Terms,
    accept_findings,
    accept_risk,
    approve_acceptance,
    end_acceptance,
)
from security.api.findings import find_row
from security.models import CheckOverride, CloudAccount, CloudResource, Finding, RiskAcceptance

_REFUSED = "Only who administers the account's team accepts its risks."


class AcceptanceSerializer(serializers.ModelSerializer[RiskAcceptance]):
    """An acceptance."""

    check = serializers.CharField(source="check_id")
    account = serializers.CharField(source="account.account_id", default=None, allow_null=True)
    resource = serializers.CharField(source="resource.resource_id", default=None, allow_null=True)
    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    waiting = serializers.BooleanField(
        source="is_waiting", help_text="Whether it takes a second person's word."
    )

    class Meta:
        model = RiskAcceptance
        fields = [
            "id", "check", "fingerprint", "resource", "account", "match", "reason", "ticket",
            "max_score", "accepted_by", "approved_by", "waiting", "accepted_at", "expires_at",
            "ended_at", "ended_reason", "team",
        ]  # fmt: skip
        read_only_fields = fields


class AcceptSerializer(serializers.Serializer[Any]):
    """What is accepted: findings; or a check on a resource, in an account, by tags."""

    findings = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False, max_length=MOST_AT_ONCE, help_text="Ids; each is accepted by itself.",
    )  # fmt: skip
    check = serializers.CharField(required=False, max_length=20)
    resource = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="Its id in the portal."
    )
    account = serializers.CharField(required=False, max_length=12, help_text="Twelve digits.")
    match = serializers.CharField(
        required=False, max_length=1000, help_text='Of tags, such as {env="dev"}.'
    )
    reason = serializers.CharField(max_length=1000)
    ticket = serializers.CharField(required=False, max_length=200, allow_blank=True, default="")
    expires_at = serializers.DateTimeField()
    max_score = serializers.IntegerField(
        required=False, min_value=0, max_value=10,
        help_text="Of findings: as high as each is now, where it is not said.",
    )  # fmt: skip


class EndSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(required=False, max_length=200, default="ended")


class AcceptanceList(ScopedByMethod, generics.ListAPIView[RiskAcceptance]):
    """Acceptances."""

    read_scope, write_scope = "security:read", "security:write"
    serializer_class = AcceptanceSerializer
    pagination_class = KeysetPagination
    queryset = RiskAcceptance.objects.select_related("account", "resource", "team")

    @extend_schema(
        operation_id="security_acceptances",
        summary="Acceptances of risks",
        parameters=[OpenApiParameter("all", bool, description="Those that are over, too.")],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them, the newest first."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[RiskAcceptance]:
        """Those in force, unless all are asked for."""
        rows = super().get_queryset()
        every = self.request.query_params.get("all", "") in ("1", "true")
        return rows if every else rows.filter(ended_at=None)

    @extend_schema(
        operation_id="security_accept",
        summary="Accept risks for a time",
        request=AcceptSerializer,
        responses={201: AcceptanceSerializer(many=True), 404: ERROR},
    )
    def post(self, request: Request) -> Response:
        """All or nothing. Risks from 8 on are accepted by people and take a second one's word."""
        read = AcceptSerializer(data=request.data)
        read.is_valid(raise_exception=True)
        given = read.validated_data
        rows = _of_findings(request, given) if "findings" in given else [_wide(request, given)]
        return Response(AcceptanceSerializer(rows, many=True).data, status=201)


class AcceptanceDetail(ScopedByMethod, APIView):
    """One acceptance."""

    read_scope, write_scope = "security:read", "security:write"

    @extend_schema(
        operation_id="security_acceptance", summary="An acceptance", responses=AcceptanceSerializer
    )
    def get(self, request: Request, acceptance_id: str) -> Response:
        """Whether or not it is in force."""
        return Response(AcceptanceSerializer(_row(acceptance_id)).data)

    @extend_schema(
        operation_id="security_acceptance_end",
        summary="End an acceptance",
        request=None,
        parameters=[OpenApiParameter("reason")],
        responses={204: None},
    )
    def delete(self, request: Request, acceptance_id: str) -> Response:
        """What it covered is open again at once; the acceptance is kept."""
        row = _row(acceptance_id)
        _require(request, row.team_id)
        read = EndSerializer(data=request.query_params.dict())
        read.is_valid(raise_exception=True)
        reason = read.validated_data["reason"]
        end_acceptance(row, actor=actor_of(request), now=utc_now(), reason=reason)
        return Response(status=204)


class AcceptanceApproval(APIView):
    """The second person's word."""

    permission_classes = [scoped("security:write")]

    @extend_schema(
        operation_id="security_acceptance_approve",
        summary="Approve an acceptance of a grave risk",
        request=None,
        responses=AcceptanceSerializer,
    )
    def post(self, request: Request, acceptance_id: str) -> Response:
        """By a person who signed in, another one than who accepted it: a key is refused."""
        row = _row(acceptance_id)
        _require(request, row.team_id)
        approve_acceptance(row, actor=actor_of(request), now=utc_now())
        return Response(AcceptanceSerializer(_row(acceptance_id)).data)


class CheckOverrideSerializer(serializers.ModelSerializer[CheckOverride]):
    """Another score for a check, or none of it."""

    check = serializers.CharField(source="check_id")
    account = serializers.CharField(source="account.account_id", default=None, allow_null=True)

    class Meta:
        model = CheckOverride
        fields = ["id", "check", "account", "match", "score", "enabled", "reason"]
        read_only_fields = fields


class OverrideList(generics.ListAPIView[CheckOverride]):
    """Overrides."""

    permission_classes = [scoped("security:read")]
    serializer_class = CheckOverrideSerializer
    pagination_class = KeysetPagination
    queryset = CheckOverride.objects.select_related("account")

    @extend_schema(operation_id="security_overrides", summary="Overrides of checks")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them; administrators edit them in the admin."""
        return super().get(request, *args, **kwargs)


def _row(text: str) -> RiskAcceptance:
    rows = RiskAcceptance.objects.select_related("account", "resource", "team")
    found: RiskAcceptance = find_row(rows, text)
    return found


def _require(request: Request, team_id: int | None) -> None:
    if not request_can_administer(request, team_id):
        raise PermissionDenied(_REFUSED)


def _of_findings(request: Request, given: dict[str, Any]) -> list[RiskAcceptance]:
    ids = sorted(set(given["findings"]))
    if others := {"check", "resource", "account", "match"} & given.keys():
        name = min(others)
        raise PayloadError(f"{name}: not with findings", [FieldError(name, "not with findings")])
    rows = list(
        Finding.objects.filter(pk__in=ids)
        .select_related("resource", "account__team")
        .order_by("pk")
    )
    if len(rows) < len(ids):
        raise NotFound("There is no such finding.")
    for row in rows:
        _require(request, row.account.team_id)
    terms = Terms(given["reason"], given["expires_at"], given["ticket"], given.get("max_score"))
    return accept_findings(rows, terms, actor=actor_of(request), now=utc_now())


def _wide(request: Request, given: dict[str, Any]) -> RiskAcceptance:
    if given.get("max_score") is None:
        raise PayloadError("max_score: say how high", [FieldError("max_score", "say how high")])
    row = RiskAcceptance(
        check_id=given.get("check", ""), match=given.get("match", ""), reason=given["reason"],
        ticket=given["ticket"], expires_at=given["expires_at"], max_score=given["max_score"],
    )  # fmt: skip
    if "resource" in given:
        rows = CloudResource.objects.select_related("account__team")
        row.resource = find_row(rows, str(given["resource"]))
        row.account = row.resource.account
    if "account" in given:
        account = CloudAccount.objects.select_related("team").filter(account_id=given["account"])
        row.account = account.first()
        if row.account is None:
            raise NotFound("There is no such account.")
        if row.resource is not None and row.resource.account_id != row.account.pk:
            message = "is not the resource's"
            raise PayloadError(f"account {message}", [FieldError("account", message)])
    _require(request, row.account.team_id if row.account else None)
    accept_risk(row, actor=actor_of(request), now=utc_now())
    return row
