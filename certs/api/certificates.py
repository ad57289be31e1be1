"""Certificates for machines: lists, one, its PEM, counts."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from certs.api.plain import (
    MOST_PLACES,
    CertFindingSerializer,
    CertificateDetailSerializer,
    CertificateSerializer,
)
from certs.models import Certificate, Finding, Placement, ServedCertificate
from certs.overview import count_findings, count_states
from certs.pem import certificate_pem, pem_file_name
from certs.search import FILTERS, CertificateQuery, read_query, search_certificates
from certs.search.findings import (
    FINDING_FILTERS,
    FINDING_LONG,
    FINDING_RELATED,
    SEVERITIES,
    read_finding_query,
    search_findings,
)
from certs.search.query import LISTS
from opsportal.accounts.permissions import scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.times import utc_now

_WORDS = {
    "state": "coming (in use, not expired; where no certificate is named), expired (in use), "
    "unused, retired, or all (where one is named).",
    "q": "A name or the beginning of one, `*.example.com`, an address, a serial, a fingerprint, "
    "the beginning of an issuer; or matchers.",
    "match": "Matchers such as `{owner=\"web\", name=~\".*\\.example\\.com\", days_left<\"14\"}`.",
    "name": "Exactly, in either form; `*.example.com` or `.example.com`: all below it.",
    "contains": "Part of a name; reads them all.",
    "serial": "Hex or decimal, with colons or without.",
    "fingerprint": "SHA-256, or its first 8 digits or more.",
    "spki": "SHA-256 of the public key.",
    "issuer": "As `issuer_name`.",
    "owner": "A team; `-`: nobody.",
    "source": "Where it is stored: a source's name.",
    "finding": "An open one of this kind, or `any`.",
    "expires_within": "Such as 30d, 12h.",
    "expires_before": "RFC 3339, or a span from now such as 30d.",
    "expires_after": "The same.",
    "min_days": "Whole days left, at least.",
    "max_days": "At most.",
    "ca": "true or false.",
    "lineage": "Its number.",
}  # fmt: skip
PARAMETERS = [
    OpenApiParameter(name, description=_WORDS.get(name, ""), many=name in LISTS) for name in FILTERS
]


def query_of(request: Request) -> CertificateQuery:
    """What is asked for. Raises PayloadError."""
    given = {name: request.query_params.getlist(name) for name in FILTERS}
    return read_query(
        {name: [t for t in texts if t] for name, texts in given.items()}, now=utc_now()
    )


class CertificateList(generics.ListAPIView[Certificate]):
    """Certificates."""

    permission_classes = [scoped("certs:read")]
    serializer_class = CertificateSerializer
    pagination_class = KeysetPagination
    queryset = Certificate.objects.none()
    keyset: tuple[str, ...] = ("not_after", "id")

    @extend_schema(operation_id="certs_certificates", summary="Certificates", parameters=PARAMETERS)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them: what expires next first, of other states what expires last."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Certificate]:
        """What is asked for."""
        query = query_of(self.request)
        self.keyset = query.keyset
        return search_certificates(query).select_related("team").defer("der", "details", "errors")


class CertificateDetail(APIView):
    """One certificate."""

    permission_classes = [scoped("certs:read")]

    @extend_schema(
        operation_id="certs_certificate",
        summary="A certificate",
        responses=CertificateDetailSerializer,
    )
    def get(self, request: Request, certificate_id: str) -> Response:
        """By its number or SHA-256, with names, places and open findings."""
        row = find_certificate(certificate_id, "der")
        served = ServedCertificate.objects.filter(certificate=row)
        findings = Finding.objects.filter(certificate=row, closed_at=None)
        shown = CertificateSerializer(row).data | {
            "subject_key_id": row.subject_key_id,
            "authority_key_id": row.authority_key_id,
            "names": list(row.names.order_by("id").values("kind", "value", "unicode")),
            "details": row.details,
            "errors": row.errors,
        }
        parts = CertificateDetailSerializer().fields
        placements = Placement.objects.filter(certificate=row).select_related("source")
        findings = findings.select_related("certificate", "endpoint", "source")
        lists: dict[str, QuerySet[Any]] = {
            "placements": placements,
            "served": served.select_related("observation__endpoint"),
            "findings": findings.defer(*FINDING_LONG),
        }
        for name, rows in lists.items():
            newest = list(rows.order_by("-id")[:MOST_PLACES])
            shown[name] = parts[name].to_representation(newest)
        return Response(shown)


class CertificatePem(APIView):
    """A certificate as a file."""

    permission_classes = [scoped("certs:read")]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """The address says what it is."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        operation_id="certs_certificate_pem",
        summary="A certificate in PEM",
        responses={(200, "application/x-pem-file"): OpenApiTypes.STR},
    )
    def get(self, request: Request, certificate_id: str) -> HttpResponse:
        """RFC 7468."""
        row = find_certificate(certificate_id)
        return HttpResponse(
            certificate_pem(row),
            content_type="application/x-pem-file",
            headers={"Content-Disposition": f'attachment; filename="{pem_file_name(row)}"'},
        )


class SummarySerializer(serializers.Serializer[Any]):
    """Counts; none goes beyond 10,001, which means more."""

    expiring = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="In use, by expired, today, week (7 days), fortnight, month, quarter, later: "
        "served and stored.",
    )
    findings = serializers.DictField(child=serializers.IntegerField(), help_text="Open, by kind.")


class Summary(APIView):
    """How much expires when."""

    permission_classes = [scoped("certs:read")]

    @extend_schema(
        operation_id="certs_summary", summary="Counts of certificates", responses=SummarySerializer
    )
    def get(self, request: Request) -> Response:
        """Certificates in use by urgency, and open findings by kind."""
        groups = count_states(utc_now())
        return Response(
            {
                "expiring": {
                    slug: {"served": group.served, "stored": group.stored}
                    for slug, group in groups.items()
                },
                "findings": count_findings(),
            }
        )


class CertFindingList(generics.ListAPIView[Finding]):
    """What is wrong."""

    permission_classes = [scoped("certs:read")]
    serializer_class = CertFindingSerializer
    pagination_class = KeysetPagination
    queryset = Finding.objects.none()

    @extend_schema(
        operation_id="certs_findings",
        summary="What is wrong with certificates, endpoints and sources",
        parameters=[
            OpenApiParameter("state", enum=["open", "closed", "all"]),
            OpenApiParameter("severity", enum=[*SEVERITIES, "-"], many=True),
            *(
                OpenApiParameter(name, many=True)
                for name in FINDING_FILTERS
                if name not in ("state", "severity")
            ),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Open ones where nothing else is said, the newest first."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Finding]:
        """What is asked for."""
        given = {name: self.request.query_params.getlist(name) for name in FINDING_FILTERS}
        query = read_finding_query({n: [t for t in texts if t] for n, texts in given.items()})
        found = search_findings(query).select_related(*FINDING_RELATED)
        return found.defer(*FINDING_LONG)


def find_certificate(text: str, *without: str) -> Certificate:
    """By its number, or its SHA-256. Raises NotFound."""
    plain = text.replace(":", "").lower()
    if len(plain) == 64 and plain.isalnum():
        condition = Q(sha256=plain)
    elif text.isascii() and text.isdigit() and len(text) < 19:
        condition = Q(pk=int(text))
    else:
        raise NotFound("There is no such certificate.")
    rows = Certificate.objects.select_related("team").defer(*without)
    found = rows.filter(condition).first()
    if found is None:
        raise NotFound("There is no such certificate.")
    return found
