"""Policies and ownership rules, for machines."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import Model
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from certs.change.owners import delete_owner_rule, save_owner_rule
from certs.change.policies import LONGEST_GRACE, delete_policy, save_policy
from certs.models import CertificatePolicy, OwnershipRule
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import Team
from opsportal.accounts.permissions import ScopedByMethod, request_can_administer
from opsportal.lib.api import KeysetPagination
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import utc_now

READ, WRITE = "certs:read", "certs:write"
_MOST_POSITION = 2**31 - 1


class CertificatePolicySerializer(serializers.ModelSerializer[CertificatePolicy]):
    """When an expiry is told of."""

    stale_grace = serializers.SerializerMethodField(help_text="Seconds.")

    class Meta:
        model = CertificatePolicy
        fields = [
            "id", "name", "position", "enabled", "match", "thresholds", "stale_grace", "without",
            "note",
        ]  # fmt: skip
        read_only_fields = fields

    def get_stale_grace(self, row: CertificatePolicy) -> int:
        """In seconds."""
        return int(row.stale_grace.total_seconds())


class PolicyWriteSerializer(serializers.Serializer[Any]):
    """What a policy is to be; what is absent stays."""

    name = serializers.CharField(max_length=100)
    position = serializers.IntegerField(required=False, min_value=0, max_value=_MOST_POSITION)
    enabled = serializers.BooleanField(required=False)
    match = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    thresholds = serializers.JSONField(
        required=False, help_text="[{severity, ratio, floor} or {severity, days}]"
    )
    stale_grace = serializers.IntegerField(
        required=False, min_value=0, max_value=int(LONGEST_GRACE.total_seconds())
    )
    without = serializers.JSONField(required=False, help_text="Kinds of findings.")
    note = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class OwnerRuleSerializer(serializers.ModelSerializer[OwnershipRule]):
    """Whose certificates are."""

    team = serializers.CharField(source="team.name")

    class Meta:
        model = OwnershipRule
        fields = ["id", "name", "position", "enabled", "match", "team", "environment", "service"]
        read_only_fields = fields


class OwnerRuleWriteSerializer(serializers.Serializer[Any]):
    """What a rule is to be; what is absent stays."""

    name = serializers.CharField(max_length=100)
    position = serializers.IntegerField(required=False, min_value=0, max_value=_MOST_POSITION)
    enabled = serializers.BooleanField(required=False)
    match = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    team = serializers.CharField(max_length=150)
    environment = serializers.CharField(required=False, allow_blank=True, max_length=100)
    service = serializers.CharField(required=False, allow_blank=True, max_length=200)


class PolicyList(ScopedByMethod, generics.ListAPIView[CertificatePolicy]):
    """Policies."""

    read_scope, write_scope = READ, WRITE
    serializer_class = CertificatePolicySerializer
    pagination_class = KeysetPagination
    queryset = CertificatePolicy.objects.all()

    @extend_schema(operation_id="cert_policies", summary="Policies of certificates")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them; they count by their position."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="cert_policy_add",
        summary="Add a policy of certificates",
        request=PolicyWriteSerializer,
        responses={201: CertificatePolicySerializer},
    )
    def post(self, request: Request) -> Response:
        """What it matches is judged by it within seconds."""
        row = CertificatePolicy()
        _write_policy(row, request, partial=False)
        return Response(CertificatePolicySerializer(row).data, status=201)


class PolicyDetail(ScopedByMethod, APIView):
    """One policy."""

    read_scope, write_scope = READ, WRITE

    @extend_schema(
        operation_id="cert_policy",
        summary="A policy of certificates",
        responses=CertificatePolicySerializer,
    )
    def get(self, request: Request, policy_id: str) -> Response:
        """As it is."""
        return Response(CertificatePolicySerializer(_find(CertificatePolicy, policy_id)).data)

    @extend_schema(
        operation_id="cert_policy_change",
        summary="Change a policy of certificates",
        request=PolicyWriteSerializer(partial=True),
        responses=CertificatePolicySerializer,
    )
    def patch(self, request: Request, policy_id: str) -> Response:
        """What is given."""
        row = _find(CertificatePolicy, policy_id)
        _write_policy(row, request, partial=True)
        return Response(CertificatePolicySerializer(row).data)

    @extend_schema(
        operation_id="cert_policy_delete",
        summary="Delete a policy of certificates",
        responses={204: None},
    )
    def delete(self, request: Request, policy_id: str) -> Response:
        """The next that matches counts."""
        return _delete(request, _find(CertificatePolicy, policy_id), delete_policy)


class OwnerRuleList(ScopedByMethod, generics.ListAPIView[OwnershipRule]):
    """Ownership rules."""

    read_scope, write_scope = READ, WRITE
    serializer_class = OwnerRuleSerializer
    pagination_class = KeysetPagination
    queryset = OwnershipRule.objects.select_related("team")

    @extend_schema(operation_id="cert_owner_rules", summary="Whose certificates are")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of the rules; they count by their position."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="cert_owner_rule_add",
        summary="Add an ownership rule",
        request=OwnerRuleWriteSerializer,
        responses={201: OwnerRuleSerializer},
    )
    def post(self, request: Request) -> Response:
        """Whose everything is is asked anew within seconds."""
        row = OwnershipRule()
        _write_owner_rule(row, request, partial=False)
        return Response(OwnerRuleSerializer(row).data, status=201)


class OwnerRuleDetail(ScopedByMethod, APIView):
    """One ownership rule."""

    read_scope, write_scope = READ, WRITE

    @extend_schema(
        operation_id="cert_owner_rule", summary="An ownership rule", responses=OwnerRuleSerializer
    )
    def get(self, request: Request, rule_id: str) -> Response:
        """As it is."""
        return Response(OwnerRuleSerializer(_find(OwnershipRule, rule_id)).data)

    @extend_schema(
        operation_id="cert_owner_rule_change",
        summary="Change an ownership rule",
        request=OwnerRuleWriteSerializer(partial=True),
        responses=OwnerRuleSerializer,
    )
    def patch(self, request: Request, rule_id: str) -> Response:
        """What is given."""
        row = _find(OwnershipRule, rule_id)
        _write_owner_rule(row, request, partial=True)
        return Response(OwnerRuleSerializer(row).data)

    @extend_schema(
        operation_id="cert_owner_rule_delete",
        summary="Delete an ownership rule",
        responses={204: None},
    )
    def delete(self, request: Request, rule_id: str) -> Response:
        """The next that matches counts."""
        return _delete(request, _find(OwnershipRule, rule_id), delete_owner_rule)


def _find(model: type[Any], text: str) -> Any:
    pk = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    return get_object_or_404(model, pk=pk)


def _require(request: Request) -> None:
    """They are about everybody's certificates."""
    if not request_can_administer(request, None):
        raise PermissionDenied("Only administrators, and keys of no team, change this.")


def _delete(request: Request, row: Model, deed: Callable[..., None]) -> Response:
    _require(request)
    deed(row, actor=actor_of(request), now=utc_now())
    return Response(status=204)


def _given(serializer: type[serializers.Serializer[Any]], request: Request, partial: bool) -> Any:
    _require(request)
    read = serializer(data=request.data, partial=partial)
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)


def _write_policy(row: CertificatePolicy, request: Request, *, partial: bool) -> None:
    given = _given(PolicyWriteSerializer, request, partial)
    if "stale_grace" in given:
        given["stale_grace"] = timedelta(seconds=given["stale_grace"])
    for name, value in given.items():
        setattr(row, name, value)
    save_policy(row, actor=actor_of(request), now=utc_now())


def _write_owner_rule(row: OwnershipRule, request: Request, *, partial: bool) -> None:
    given = _given(OwnerRuleWriteSerializer, request, partial)
    if "team" in given:
        row.team = find_team(given.pop("team"))
    for name, value in given.items():
        setattr(row, name, value)
    save_owner_rule(row, actor=actor_of(request), now=utc_now())


def find_team(name: str) -> Team:
    """Raises PayloadError."""
    team = Team.objects.filter(name=name).first()
    if team is None:
        message = "there is no such team"
        raise PayloadError(f"team: {message}", [FieldError("team", message)])
    return team
