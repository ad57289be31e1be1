"""Domains of ours and names that turned up below them, for machines."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from certs.api.find import find_row
from certs.models import Domain, Proposal
from certs.propose import accept_proposals, refuse_proposals
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import request_can_write, scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import utc_now

READ, WRITE = "certs:read", "certs:write"


class DomainSerializer(serializers.ModelSerializer[Domain]):
    """A domain of ours."""

    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    ports = serializers.JSONField(help_text="Where its names are looked at; empty: 443.")

    class Meta:
        model = Domain
        fields = ["id", "name", "team", "environment", "ports", "accept", "note"]
        read_only_fields = fields


class ProposalSerializer(serializers.ModelSerializer[Proposal]):
    """A name that turned up."""

    domain = serializers.CharField(source="domain.name")
    provenance = serializers.JSONField(help_text="How it became known: from, what, at.")
    endpoint = serializers.IntegerField(
        source="endpoint_id", allow_null=True, help_text="Of one that was accepted."
    )

    class Meta:
        model = Proposal
        fields = [
            "id", "domain", "host", "port", "protocol", "state", "provenance", "endpoint",
            "first_seen_at", "decided_by", "decided_at",
        ]  # fmt: skip
        read_only_fields = fields


class DomainList(generics.ListAPIView[Domain]):
    """Domains."""

    permission_classes = [scoped(READ)]
    serializer_class = DomainSerializer
    pagination_class = KeysetPagination
    queryset = Domain.objects.select_related("team")

    @extend_schema(operation_id="cert_domains", summary="Domains whose names are watched")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them, the newest first."""
        return super().get(request, *args, **kwargs)


class ProposalList(generics.ListAPIView[Proposal]):
    """Proposals."""

    permission_classes = [scoped(READ)]
    serializer_class = ProposalSerializer
    pagination_class = KeysetPagination
    queryset = Proposal.objects.select_related("domain")

    @extend_schema(
        operation_id="cert_proposals",
        summary="Names that turned up below domains",
        parameters=[
            OpenApiParameter("state", description="proposed, accepted or refused."),
            OpenApiParameter("domain", description="The name of one."),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them, the newest first."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Proposal]:
        """Those that are asked for."""
        rows, asked = super().get_queryset(), self.request.query_params
        if state := asked.get("state", ""):
            if state not in Proposal.State.values:
                message = f"must be one of {', '.join(Proposal.State.values)}"
                raise PayloadError(f"state: {message}", [FieldError("state", message)])
            rows = rows.filter(state=state)
        if domain := asked.get("domain", "").replace("\0", ""):
            rows = rows.filter(domain__name=domain.lower())
        return rows


class ProposalAccept(APIView):
    """Somebody's word."""

    permission_classes = [scoped(WRITE)]

    @extend_schema(
        operation_id="cert_proposal_accept",
        summary="Watch a name that turned up",
        request=None,
        responses=ProposalSerializer,
    )
    def post(self, request: Request, proposal_id: str) -> Response:
        """Also one that was refused before."""
        row = _own(request, proposal_id)
        accept_proposals([row], actor=actor_of(request), now=utc_now())
        return Response(ProposalSerializer(_row(proposal_id)).data)


class ProposalRefuse(APIView):
    """Somebody's word."""

    permission_classes = [scoped(WRITE)]

    @extend_schema(
        operation_id="cert_proposal_refuse",
        summary="Never propose a name again",
        request=None,
        responses=ProposalSerializer,
    )
    def post(self, request: Request, proposal_id: str) -> Response:
        """One that is watched already stays watched."""
        row = _own(request, proposal_id)
        refuse_proposals([row], actor=actor_of(request), now=utc_now())
        return Response(ProposalSerializer(_row(proposal_id)).data)


def _row(text: str) -> Proposal:
    found: Proposal = find_row(Proposal.objects.select_related("domain"), text)
    return found


def _own(request: Request, text: str) -> Proposal:
    row = _row(text)
    if not request_can_write(request, row.domain.team_id, WRITE):
        raise PermissionDenied("Its domain is another team's.")
    return row
