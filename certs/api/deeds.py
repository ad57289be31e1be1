"""What people and keys do with a certificate: retire it, say whose it is and what replaces it."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from certs.api.policies import READ, WRITE, find_team
from certs.explain import Explanation, explain_certificate
from certs.models import Certificate
from certs.own import free_owner, set_owner
from certs.renew import free_replacement, pin_replacement
from certs.retire import retire_certificate, unretire_certificate
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import ApiKey
from opsportal.accounts.permissions import can_respond, scoped
from opsportal.lib.durations import write_duration
from opsportal.lib.times import format_instant, utc_now


class RetireSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=1000)


class OwnerSerializer(serializers.Serializer[Any]):
    """Whose it is."""

    team = serializers.CharField(max_length=150)
    environment = serializers.CharField(
        required=False, allow_blank=True, max_length=100, default=""
    )
    service = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")


class ReplacementSerializer(serializers.Serializer[Any]):
    """What replaces it; null: nothing does, whatever its names."""

    by = serializers.IntegerField(min_value=1, max_value=2**63 - 1, allow_null=True)


class StandingSerializer(serializers.ModelSerializer[Certificate]):
    """Whose a certificate is, what replaces it, and whether it is retired."""

    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    replaced_by = serializers.IntegerField(source="replaced_by_id", allow_null=True)

    class Meta:
        model = Certificate
        fields = [
            "id", "sha256", "team", "environment", "service", "owned_by", "owner_pinned",
            "replaced_by", "replacement_pinned", "retired_at", "retired_by", "retired_reason",
        ]  # fmt: skip
        read_only_fields = fields


class _Deed(APIView):
    """On one certificate, by its team's responders and keys."""

    permission_classes = [scoped(WRITE)]

    def find(self, request: Request, certificate_id: str) -> Certificate:
        """The certificate. Raises Http404, PermissionDenied."""
        row = find_certificate(certificate_id)
        key = getattr(request, "auth", None)
        may = (
            key.team_id is None or key.team_id == row.team_id
            if isinstance(key, ApiKey)
            else can_respond(request.user, row.team_id)
        )
        if not may:
            raise PermissionDenied("Only who responds for the certificate's team may do this.")
        return row

    def answer(self, row: Certificate) -> Response:
        """As it stands now."""
        return Response(StandingSerializer(find_certificate(str(row.pk))).data)


def find_certificate(text: str) -> Certificate:
    """By its id. Raises Http404."""
    pk = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    rows = Certificate.objects.select_related("team", "replaced_by")
    return get_object_or_404(rows.defer("der", "replaced_by__der"), pk=pk)


class Retirement(_Deed):
    """Whether it is of interest."""

    @extend_schema(
        operation_id="cert_retire", summary="Retire a certificate", request=RetireSerializer,
        responses=StandingSerializer,
    )  # fmt: skip
    def post(self, request: Request, certificate_id: str) -> Response:
        """Nothing of it alerts from now on; what does is over."""
        row = self.find(request, certificate_id)
        read = RetireSerializer(data=request.data)
        read.is_valid(raise_exception=True)
        reason = read.validated_data["reason"]
        retire_certificate(row.pk, reason, actor=actor_of(request), now=utc_now())
        return self.answer(row)

    @extend_schema(
        operation_id="cert_unretire", summary="Take a certificate back", request=None,
        responses=StandingSerializer,
    )  # fmt: skip
    def delete(self, request: Request, certificate_id: str) -> Response:
        """It is judged again."""
        row = self.find(request, certificate_id)
        unretire_certificate(row.pk, actor=actor_of(request), now=utc_now())
        return self.answer(row)


class Ownership(_Deed):
    """Whose it is, by a person's word."""

    @extend_schema(
        operation_id="cert_set_owner", summary="Say whose a certificate is",
        request=OwnerSerializer, responses=StandingSerializer,
    )  # fmt: skip
    def post(self, request: Request, certificate_id: str) -> Response:
        """Whatever the rules say."""
        row = self.find(request, certificate_id)
        read = OwnerSerializer(data=request.data)
        read.is_valid(raise_exception=True)
        given = read.validated_data
        set_owner(
            row.pk, find_team(given["team"]), environment=given["environment"],
            service=given["service"], actor=actor_of(request), now=utc_now(),
        )  # fmt: skip
        return self.answer(row)

    @extend_schema(
        operation_id="cert_free_owner", summary="Let rules say whose a certificate is",
        request=None, responses=StandingSerializer,
    )  # fmt: skip
    def delete(self, request: Request, certificate_id: str) -> Response:
        """From the next sweep on."""
        row = self.find(request, certificate_id)
        free_owner(row.pk, actor=actor_of(request), now=utc_now())
        return self.answer(row)


class Replacement(_Deed):
    """What replaces it, by a person's word."""

    @extend_schema(
        operation_id="cert_pin_replacement", summary="Say what replaces a certificate",
        request=ReplacementSerializer, responses=StandingSerializer,
    )  # fmt: skip
    def post(self, request: Request, certificate_id: str) -> Response:
        """Or that nothing does."""
        row = self.find(request, certificate_id)
        read = ReplacementSerializer(data=request.data)
        read.is_valid(raise_exception=True)
        by = read.validated_data["by"]
        pin_replacement(row.pk, by, actor=actor_of(request), now=utc_now())
        return self.answer(row)

    @extend_schema(
        operation_id="cert_free_replacement",
        summary="Let names say what replaces a certificate", request=None,
        responses=StandingSerializer,
    )  # fmt: skip
    def delete(self, request: Request, certificate_id: str) -> Response:
        """From the next sweep on."""
        row = self.find(request, certificate_id)
        free_replacement(row.pk, actor=actor_of(request), now=utc_now())
        return self.answer(row)


class Explain(APIView):
    """Why somebody was, or was not, told."""

    permission_classes = [scoped(READ)]

    @extend_schema(
        operation_id="cert_explain",
        summary="Why somebody was, or was not, told of a certificate",
        responses={200: dict[str, Any]},
    )
    def get(self, request: Request, certificate_id: str) -> Response:
        """The policy, its thresholds, findings, what holds back, alerts and who was told."""
        row = find_certificate(certificate_id)
        return Response(_as_json(explain_certificate(row, now=utc_now())))


def _as_json(found: Explanation) -> dict[str, Any]:
    return {
        "words": list(found.words),
        "policy": {
            "name": found.policy.name, "match": found.policy.match, "why": found.policy_why,
            "stale_grace": write_duration(found.policy.stale_grace),
            "without": sorted(found.policy.without),
        },
        "thresholds": [
            {
                "threshold": step.threshold, "severity": step.severity,
                "at": format_instant(step.at), "crossed": step.crossed,
                "noticed_at": step.noticed_at and format_instant(step.noticed_at),
            }
            for step in found.steps
        ],
        "findings": [
            {
                "id": row.pk, "kind": row.kind, "severity": row.severity, "summary": row.summary,
                "opened_at": format_instant(row.opened_at),
                "closed_at": row.closed_at and format_instant(row.closed_at),
                "closed_reason": row.closed_reason,
            }
            for row in found.findings
        ],
        "held_back_by": list(found.holds),
        "proposed_replacements": [
            {
                "id": each.certificate.pk, "title": each.certificate.title,
                "dropped": list(each.dropped), "added": list(each.added),
            }
            for each in found.proposed
        ],
        "alerts": [
            {
                "id": each.alert.pk, "status": each.alert.status, "severity": each.alert.severity,
                "summary": each.alert.summary, "words": list(each.words),
                "told": [
                    {
                        "channel": row.channel.name, "about": row.about, "state": row.state,
                        "at": format_instant(row.finished_at or row.created_at),
                    }
                    for row in each.told
                ],
            }
            for each in found.episodes
        ],
    }  # fmt: skip
