"""Findings for machines: lists, one, exports; and the checks."""

from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from opsportal.accounts.permissions import scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.api.files import FILES, FileView, answer_file
from security.api.finding_json import FindingSerializer, finding_as_json
from security.checks import check_standings
from security.findings import (
    KEYSET,
    NARROWING,
    OTHERS,
    RELATED,
    FindingQuery,
    each_finding,
    read_query,
    search_findings,
)
from security.models import Finding

_WORDS = {
    "status": "open (where nothing is said), unknown, accepted, fixed, or all.",
    "account": "Twelve digits.",
    "q": "Words, or matchers such as `{technology=\"aws.s3.bucket\", env=\"prod\"}`: other names "
    "than a finding's are tags of the resource.",
    "match": "Matchers alone.",
    "score": "At least so high, 0 to 10.",
    "min_score": "The same.",
    "score_max": "At most so high.",
}  # fmt: skip
FILTERS = [
    OpenApiParameter(name, description=_WORDS.get(name, ""), many=name in NARROWING)
    for name in (*NARROWING, *OTHERS)
]
# Of files.
COLUMNS = (
    "id", "check", "label", "status", "score", "summary", "account", "account_name", "team",
    "region", "technology", "resource", "resource_name", "arn", "subject", "first_seen_at",
    "opened_at", "seen_at", "fixed_at", "fixed_reason", "undecided", "actor", "introduced_by",
    "fixed_by", "acceptance", "fingerprint", "evidence", "url",
)  # fmt: skip


class FindingList(generics.ListAPIView[Finding]):
    """Findings."""

    permission_classes = [scoped("security:read")]
    serializer_class = FindingSerializer
    pagination_class = KeysetPagination
    keyset = KEYSET
    queryset = Finding.objects.none()

    @extend_schema(operation_id="security_findings", summary="Findings", parameters=FILTERS)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them, the worst first."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Finding]:
        """What is asked for."""
        return search_findings(_query(self.request)).select_related(*RELATED)


class FindingDetail(APIView):
    """One finding."""

    permission_classes = [scoped("security:read")]

    @extend_schema(
        operation_id="security_finding", summary="A finding", responses=FindingSerializer
    )
    def get(self, request: Request, finding_id: str) -> Response:
        """With its evidence and history."""
        return Response(finding_as_json(find_row(Finding.objects.select_related(*RELATED),
                                                 finding_id)))  # fmt: skip


class FindingExport(FileView):
    """All that fit, as a file."""

    permission_classes = [scoped("security:read")]

    @extend_schema(summary="Export findings", parameters=FILTERS, responses=FILES)
    def get(self, request: Request, form: str) -> HttpResponseBase:
        """Export what fits, the worst first, as CSV or JSON Lines."""
        rows = (finding_as_json(row) for row in each_finding(_query(request), 500))
        return answer_file("findings", form, COLUMNS, rows)


class SecurityCheckSerializer(serializers.Serializer[Any]):
    """A check, and how many findings of each status it has."""

    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    technologies = serializers.ListField(child=serializers.CharField())
    score = serializers.IntegerField()
    version = serializers.IntegerField()
    compliance = serializers.ListField(child=serializers.CharField())
    risk = serializers.CharField()
    remedy = serializers.CharField()
    open = serializers.IntegerField()
    unknown = serializers.IntegerField()
    accepted = serializers.IntegerField()
    passes = serializers.IntegerField(help_text="Resources that passed it.")
    overrides = serializers.IntegerField()


class CheckList(APIView):
    """All checks."""

    permission_classes = [scoped("security:read")]

    @extend_schema(
        operation_id="security_checks",
        summary="Checks",
        responses=SecurityCheckSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """With what they found: those with open findings first."""
        return Response(
            [
                {
                    "id": row.auditor.slug,
                    "label": row.auditor.label,
                    "technologies": list(row.auditor.technologies),
                    "score": row.auditor.score,
                    "version": row.auditor.version,
                    "compliance": list(row.auditor.compliance),
                    "risk": row.auditor.risk,
                    "remedy": row.auditor.remedy,
                    **{name: row.counts.get(name, 0) for name in ("open", "unknown", "accepted")},
                    "passes": row.passes,
                    "overrides": len(row.overrides),
                }
                for row in check_standings()
            ]
        )


def find_row(rows: QuerySet[Any], text: str) -> Any:
    """The row of that id. Raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound("There is no such thing.")
    return get_object_or_404(rows, pk=int(text))


def _query(request: Request) -> FindingQuery:
    names = (*NARROWING, *OTHERS)
    given = {name: request.query_params.getlist(name) for name in names}
    return read_query({name: [t for t in texts if t] for name, texts in given.items()})


__all__ = ["COLUMNS", "CheckList", "FindingDetail", "FindingExport", "FindingList", "find_row"]
