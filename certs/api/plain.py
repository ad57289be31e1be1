"""Certificates and findings in the API's shapes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from rest_framework import serializers

from certs.models import Certificate, CertificateName, Finding, Placement, ServedCertificate
from certs.urgency import days_left
from opsportal.lib.ids import IdIn
from opsportal.lib.times import format_instant, utc_now

# Of names in a line of an export, of places in an answer.
MOST_NAMES, MOST_PLACES = 200, 200


class CertificateSerializer(serializers.ModelSerializer[Certificate]):
    """A certificate, without its names and places."""

    issuer_name = serializers.CharField(source="issuer_title")
    signature = serializers.CharField(source="signature_name")
    owner = serializers.CharField(source="team.name", default=None, allow_null=True)
    lineage = serializers.IntegerField(source="lineage_id", allow_null=True)
    replaced_by = serializers.IntegerField(source="replaced_by_id", allow_null=True)
    days_left = serializers.SerializerMethodField(help_text="Rounded down; below 0: expired.")
    url = serializers.SerializerMethodField()

    class Meta:
        model = Certificate
        fields = [
            "id", "sha256", "title", "common_name", "subject", "issuer", "issuer_name", "serial",
            "not_before", "not_after", "days_left", "key_type", "key_size", "key_curve",
            "signature", "is_ca", "self_signed", "is_precertificate", "spki_sha256", "tbs_sha256",
            "use", "owner", "environment", "service", "owned_by", "lineage", "replaced_by",
            "retired_at", "first_seen_at", "last_seen_at", "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_days_left(self, row: Certificate) -> int:
        """Whole days."""
        return days_left(row.not_after, utc_now())

    def get_url(self, row: Certificate) -> str:
        """Its page."""
        return settings.PUBLIC_URL + row.get_absolute_url()


class NameSerializer(serializers.ModelSerializer[CertificateName]):
    """A name."""

    class Meta:
        model = CertificateName
        fields = ["kind", "value", "unicode"]
        read_only_fields = fields


class PlacementSerializer(serializers.ModelSerializer[Placement]):
    """Where it is stored."""

    source = serializers.CharField(source="source.name")  # type: ignore[assignment]

    class Meta:
        model = Placement
        fields = [
            "source", "locator", "position", "has_key", "first_seen_at", "last_seen_at", "gone_at",
        ]  # fmt: skip
        read_only_fields = fields


class ServedSerializer(serializers.ModelSerializer[ServedCertificate]):
    """Where it is served, or was."""

    endpoint = serializers.CharField(source="observation.endpoint.__str__")
    endpoint_id = serializers.IntegerField(source="observation.endpoint_id")
    address = serializers.CharField(source="observation.address")
    serving = serializers.BooleanField(source="observation.serving")
    first_seen_at = serializers.DateTimeField(source="observation.first_seen_at")
    last_seen_at = serializers.DateTimeField(source="observation.last_seen_at")

    class Meta:
        model = ServedCertificate
        fields = [
            "endpoint", "endpoint_id", "address", "position", "serving", "first_seen_at",
            "last_seen_at",
        ]  # fmt: skip
        read_only_fields = fields


class CertFindingSerializer(serializers.ModelSerializer[Finding]):
    """What is wrong."""

    certificate = serializers.IntegerField(source="certificate_id", allow_null=True)
    endpoint = serializers.IntegerField(source="endpoint_id", allow_null=True)
    source = serializers.IntegerField(  # type: ignore[assignment]
        source="source_id", allow_null=True
    )
    subject = serializers.SerializerMethodField(help_text="What it is about, in words.")
    url = serializers.SerializerMethodField(help_text="Of the page of what it is about.")
    facts = serializers.JSONField()

    class Meta:
        model = Finding
        fields = [
            "id", "kind", "severity", "summary", "subject", "certificate", "endpoint", "source",
            "threshold", "facts", "opened_at", "severity_at", "judged_at", "closed_at",
            "closed_reason", "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_subject(self, row: Finding) -> str:
        """Its name."""
        return str(row.about or "")

    def get_url(self, row: Finding) -> str:
        """Its page."""
        return settings.PUBLIC_URL + row.about.get_absolute_url() if row.about else ""


class CertificateDetailSerializer(CertificateSerializer):
    """A certificate with its names, where it is (the newest), and its open findings."""

    names = NameSerializer(many=True)
    details = serializers.JSONField()
    errors = serializers.JSONField()  # type: ignore[assignment]
    placements = PlacementSerializer(many=True)
    served = ServedSerializer(many=True)
    findings = CertFindingSerializer(many=True)

    class Meta(CertificateSerializer.Meta):
        fields = [
            *CertificateSerializer.Meta.fields, "subject_key_id", "authority_key_id", "names",
            "details", "errors", "placements", "served", "findings",
        ]  # fmt: skip
        read_only_fields = fields


def certificates_as_json(rows: Sequence[Certificate]) -> list[dict[str, Any]]:
    """Lines of an export, with the names: one query."""
    names = _names([row.pk for row in rows])
    found = []
    every: Any = CertificateSerializer(rows, many=True).data
    for row, data in zip(rows, every, strict=True):
        shown: dict[str, Any] = dict(data)
        for name in ("not_before", "not_after", "retired_at", "first_seen_at", "last_seen_at"):
            at: datetime | None = getattr(row, name)
            shown[name] = format_instant(at) if at else None
        found.append({**shown, "names": names[row.pk]})
    return found


def _names(ids: Sequence[int]) -> Mapping[int, list[str]]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    rows = CertificateName.objects.filter(IdIn(ids, "certificate_id")).order_by("id")
    for pk, value in rows.values_list("certificate_id", "value").iterator():
        if len(found[pk]) < MOST_NAMES and value not in found[pk][-2:]:
            found[pk].append(value)
    return found
